-- Upsert the listeners.
MERGE INTO users
USING load_users
ON users.user_id = load_users.user_id
WHEN MATCHED THEN UPDATE SET
    first_name = load_users.first_name,
    last_name = load_users.last_name,
    gender = load_users.gender,
    level = load_users.level,
    last_played = load_users.last_played,
    last_songplay_id = load_users.last_songplay_id
WHEN NOT MATCHED THEN INSERT (user_id, first_name, last_name, gender, level, last_played, last_songplay_id)
VALUES (
    load_users.user_id,
    load_users.first_name,
    load_users.last_name,
    load_users.gender,
    load_users.level,
    load_users.last_played,
    load_users.last_songplay_id
);
