-- All plays, of staging and of the fact.
CREATE TEMP TABLE touched_plays
DISTKEY (songplay_id)
AS
SELECT
    MD5(CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR) || '-' || CAST(item_in_session AS VARCHAR))
        AS songplay_id,
    user_id,
    session_id,
    item_in_session
FROM staging_events
WHERE page = 'NextSong'
UNION
SELECT songplay_id, user_id, session_id, item_in_session
FROM songplays;
