-- What the files gave and what became of it: in each line both sides are equal, or a row is lost or doubled.
WITH files AS (
    SELECT
        COALESCE(SUM(CASE WHEN l.table_name = 'staging_events' THEN l.rows_read END), 0) AS events_read,
        COALESCE(SUM(CASE WHEN l.table_name = 'staging_events' THEN l.rows_rejected END), 0) AS events_rejected,
        COALESCE(SUM(CASE WHEN l.table_name = 'staging_songs' THEN l.rows_read - l.rows_rejected END), 0) AS songs_read
    FROM load_files AS l
    JOIN load_batches AS b ON b.batch_id = l.batch_id
    WHERE b.is_new
),
staged AS (
    SELECT e.page, e.user_id, e.session_id, e.item_in_session, e.ts
    FROM load_batches AS b
    JOIN staging_events AS e ON e.batch_id = b.batch_id
    WHERE b.is_new
),
events AS (
    SELECT
        COALESCE(SUM(CASE WHEN page = 'NextSong' THEN 1 ELSE 0 END), 0) AS plays,
        COALESCE(SUM(CASE WHEN page <> 'NextSong' THEN 1 ELSE 0 END), 0) AS other_pages
    FROM staged
),
staged_plays AS (
    SELECT user_id, session_id, item_in_session, MIN(ts) AS ts
    FROM staged
    WHERE page = 'NextSong'
    GROUP BY user_id, session_id, item_in_session
),
facts AS (
    SELECT
        p.songplay_id,
        DATEDIFF(day, TIMESTAMP 'epoch', p.start_time) AS day,
        s.is_inferred
    FROM staged_plays AS e
    JOIN touched_plays AS t
        ON t.user_id = e.user_id AND t.session_id = e.session_id AND t.item_in_session = e.item_in_session
    JOIN songplays AS p ON p.songplay_id = t.songplay_id
    LEFT JOIN songs AS s ON s.song_id = p.song_id
),
fact_counts AS (
    SELECT
        COUNT(*) AS plays,
        COUNT(DISTINCT songplay_id) AS play_ids,
        COALESCE(SUM(CASE WHEN NOT is_inferred THEN 1 ELSE 0 END), 0) AS matched,
        COALESCE(SUM(CASE WHEN is_inferred THEN 1 ELSE 0 END), 0) AS inferred
    FROM facts
),
days AS (
    SELECT COALESCE(SUM(ABS(difference)), 0) AS differences
    FROM (
        SELECT day, SUM(plays) AS difference
        FROM (
            SELECT ts / 86400000 AS day, 1 AS plays FROM staged_plays
            UNION ALL
            SELECT day, -1 FROM facts
        ) AS both_sides
        GROUP BY day
    ) AS by_day
),
songs_staged AS (
    SELECT COUNT(*) AS songs
    FROM load_batches AS b
    JOIN staging_songs AS s ON s.batch_id = b.batch_id
    WHERE b.is_new
),
distinct_plays AS (
    SELECT COUNT(*) AS plays FROM staged_plays
)
SELECT 1 AS line, 'events read = plays + other pages + rejected' AS what, f.events_read AS read,
    e.plays + e.other_pages + f.events_rejected AS found,
    CAST(e.plays AS VARCHAR) || ' + ' || CAST(e.other_pages AS VARCHAR) || ' + '
        || CAST(f.events_rejected AS VARCHAR) AS parts
FROM files AS f CROSS JOIN events AS e
UNION ALL
SELECT 2, 'plays staged, each once = songplays of these files', d.plays, c.plays,
    CASE WHEN e.plays > d.plays THEN CAST(e.plays - d.plays AS VARCHAR) || ' came twice' ELSE '' END
FROM distinct_plays AS d CROSS JOIN events AS e CROSS JOIN fact_counts AS c
UNION ALL
SELECT 3, 'songplays = of the catalogue''s songs + of inferred songs', plays, matched + inferred,
    CAST(matched AS VARCHAR) || ' + ' || CAST(inferred AS VARCHAR)
FROM fact_counts
UNION ALL
SELECT 4, 'songplays = their ids, each once (no fan-out)', plays, play_ids, '' FROM fact_counts
UNION ALL
SELECT 5, 'plays by day, in staging and in the fact: differences', 0, differences, '' FROM days
UNION ALL
SELECT 6, 'songs read = songs staged', f.songs_read, s.songs, '' FROM files AS f CROSS JOIN songs_staged AS s
ORDER BY line;
