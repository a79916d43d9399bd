-- Upsert the plays; this also moves earlier plays from an inferred song to the one that the catalogue brought.
MERGE INTO songplays
USING load_songplays
ON songplays.songplay_id = load_songplays.songplay_id
WHEN MATCHED THEN UPDATE SET
    start_time = load_songplays.start_time,
    level = load_songplays.level,
    song_id = load_songplays.song_id,
    artist_id = load_songplays.artist_id,
    location = load_songplays.location,
    user_agent = load_songplays.user_agent,
    length = load_songplays.length
WHEN NOT MATCHED THEN INSERT (
    songplay_id, start_time, user_id, level, song_id, artist_id,
    session_id, item_in_session, location, user_agent, length
)
VALUES (
    load_songplays.songplay_id,
    load_songplays.start_time,
    load_songplays.user_id,
    load_songplays.level,
    load_songplays.song_id,
    load_songplays.artist_id,
    load_songplays.session_id,
    load_songplays.item_in_session,
    load_songplays.location,
    load_songplays.user_agent,
    load_songplays.length
);
