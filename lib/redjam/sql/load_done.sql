-- Drop what only a load has made of temporary tables, so that the next one of this session can make them anew.
DROP TABLE
    touched_songs, touched_artists, touched_events, former_plays, load_songs, load_artists, load_plays, load_songplays,
    load_inferred_songs, moved_users, load_users;
