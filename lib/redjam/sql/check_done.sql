-- Drop the temporary tables that say what the checks look at.
DROP TABLE
    load_batches, touched_plays, checked_plays, checked_songs, checked_artists, checked_users, checked_times;
