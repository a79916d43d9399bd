-- What is right: the load has written it to users.
SELECT user_id, first_name, last_name, gender, level
FROM users;
