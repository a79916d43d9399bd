-- Take each touched play once, as the staged files have it. One that several files have, or one file twice, is decided
-- by the content. Integer arithmetic keeps the milliseconds of ts, which counts them since 1970 in UTC.
CREATE TEMP TABLE load_plays
DISTKEY (songplay_id)
AS
SELECT
    t.songplay_id,
    TIMESTAMP 'epoch' + e.ts / 1000 * INTERVAL '1 second' + e.ts % 1000 * INTERVAL '1 millisecond' AS start_time,
    e.user_id,
    e.level,
    NULLIF(RTRIM(e.song, ' '), '') AS title,
    NULLIF(RTRIM(e.artist, ' '), '') AS artist_name,
    e.session_id,
    e.item_in_session,
    e.location,
    e.user_agent,
    e.length,
    e.first_name,
    e.last_name,
    e.gender
FROM touched_plays AS t
JOIN staging_events AS e
    ON e.user_id = t.user_id AND e.session_id = t.session_id AND e.item_in_session = t.item_in_session
WHERE e.page = 'NextSong'
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY t.songplay_id
    ORDER BY e.ts, e.song, e.artist, e.level, e.length, e.location, e.user_agent, e.first_name, e.last_name, e.gender
) = 1;
