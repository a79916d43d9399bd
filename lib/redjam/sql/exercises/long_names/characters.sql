-- LEN counts characters, and VARCHAR(100) is 100 bytes. A letter with an accent takes two of them, a Chinese one three.
-- The longest name has {characters} characters but {bytes} bytes. Plays that COPY would reject: {plays}.
SELECT DISTINCT artist
FROM staging_events
WHERE page = 'NextSong' AND LEN(artist) > 100;
