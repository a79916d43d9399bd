-- Drop the temporary tables, so that the next load of this session can make them anew.
DROP TABLE load_songs, load_plays, load_artists, load_songplays, load_inferred_songs, load_users;
