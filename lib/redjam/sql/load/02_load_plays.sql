-- Take the plays of the staged events, and those earlier plays whose song the staged catalogue may decide anew.
-- Integer arithmetic keeps the milliseconds of ts, which counts them since 1970 in UTC.
CREATE TEMP TABLE load_plays
DISTKEY (songplay_id)
AS
WITH staged AS (
    SELECT
        MD5(
            COALESCE(CAST(user_id AS VARCHAR), '') || '-'
            || COALESCE(CAST(session_id AS VARCHAR), '') || '-'
            || COALESCE(CAST(item_in_session AS VARCHAR), '')
        ) AS songplay_id,
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' + ts % 1000 * INTERVAL '1 millisecond' AS start_time,
        user_id,
        level,
        RTRIM(song, ' ') AS title,
        RTRIM(artist, ' ') AS artist_name,
        session_id,
        item_in_session,
        location,
        user_agent,
        length
    FROM staging_events AS e
    WHERE page = 'NextSong'
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY user_id, session_id, item_in_session
        ORDER BY ts, song, artist, level, length, location, user_agent
    ) = 1
)
SELECT * FROM staged
UNION ALL
SELECT
    p.songplay_id,
    p.start_time,
    p.user_id,
    p.level,
    s.title,
    s.artist_name,
    p.session_id,
    p.item_in_session,
    p.location,
    p.user_agent,
    p.length
FROM songplays AS p
JOIN songs AS s ON s.song_id = p.song_id
LEFT JOIN staged ON staged.songplay_id = p.songplay_id
WHERE staged.songplay_id IS NULL
    AND (
        s.artist_name IN (SELECT artist_name FROM load_songs)
        OR s.song_id IN (SELECT song_id FROM load_songs)
    );
