-- The plays that these files have, or had before they changed, by their key and its MD5.
CREATE TEMP TABLE touched_events
DISTKEY (songplay_id)
AS
SELECT DISTINCT
    MD5(CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR) || '-' || CAST(item_in_session AS VARCHAR))
        AS songplay_id,
    user_id,
    session_id,
    item_in_session
FROM staging_events
WHERE page = 'NextSong' AND batch_id IN (SELECT batch_id FROM load_batches);
