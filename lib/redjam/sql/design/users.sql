-- The keys of users, by which a join finds them.
SELECT user_id
FROM users;
