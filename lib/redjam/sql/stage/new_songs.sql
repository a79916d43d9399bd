-- Where a COPY's rows land: it cannot say which file a row comes from, so they get its number on the way to staging.
CREATE TEMP TABLE new_songs (LIKE staging_songs);
