-- One row a listener. ROW_NUMBER numbers the plays of each listener from the latest back, and QUALIFY keeps the first:
-- all columns come from one and the same play. Other pages go before that, or a listener whose last event is no play
-- would have no row left. Listeners who have played on both levels: {changed} of {listeners}.
SELECT user_id, first_name, last_name, gender, level
FROM staging_events AS e
WHERE page = 'NextSong'
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY user_id
    ORDER BY ts DESC, session_id DESC, item_in_session DESC  -- the last two, should two plays begin at once
) = 1;
