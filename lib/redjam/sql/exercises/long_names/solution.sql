-- VARCHAR(100) has room for 100 bytes, and OCTET_LENGTH counts bytes. In UTF-8, e takes one, é two and 光 three. The
-- longest name has {characters} characters and {bytes} bytes. COPY rejects such a row (plays by these names: {plays}),
-- and with a MAXERROR of some hundreds nobody would notice.
SELECT DISTINCT artist
FROM staging_events
WHERE page = 'NextSong' AND OCTET_LENGTH(artist) > 100;
