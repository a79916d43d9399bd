-- The rows that a COPY brought, by their files' marks; a file that is loaded alone has none.
SELECT COALESCE(batch_id, 0) AS mark, COUNT(*) AS number
FROM new_songs
GROUP BY 1;
