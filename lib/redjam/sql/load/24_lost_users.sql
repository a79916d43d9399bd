-- Drop the listeners of whom no file has a play any more.
DELETE FROM users
WHERE user_id IN (SELECT user_id FROM moved_users)
    AND NOT EXISTS (SELECT 1 FROM load_users WHERE load_users.user_id = users.user_id);
