-- The listeners whose latest play so far is touched: it may have left or moved, so that all their plays decide.
CREATE TEMP TABLE moved_users
DISTSTYLE ALL
AS
SELECT u.user_id
FROM users AS u
JOIN touched_plays AS t ON t.songplay_id = u.last_songplay_id;
