-- Take the rejected events out of staging.
DELETE FROM staging_events
USING rejected_events AS r
WHERE staging_events.batch_id = r.batch_id
    AND staging_events.ts = r.ts
    AND staging_events.page = r.page
    AND (staging_events.user_id = r.user_id OR (staging_events.user_id IS NULL AND r.user_id IS NULL))
    AND (staging_events.session_id = r.session_id OR (staging_events.session_id IS NULL AND r.session_id IS NULL))
    AND (
        staging_events.item_in_session = r.item_in_session
        OR (staging_events.item_in_session IS NULL AND r.item_in_session IS NULL)
    )
    AND (staging_events.level = r.level OR (staging_events.level IS NULL AND r.level IS NULL));
