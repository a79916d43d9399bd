-- Each row of `time` is the start of a play, in the parts that it says.
SELECT CAST(d.start_time AS VARCHAR) AS start_time, d.year, d.month, d.day, d.hour, d.week, d.weekday
FROM checked_times AS t
JOIN time AS d ON d.start_time = t.start_time
WHERE NOT EXISTS (SELECT 1 FROM songplays AS p WHERE p.start_time = d.start_time)
UNION ALL
SELECT CAST(d.start_time AS VARCHAR), d.year, d.month, d.day, d.hour, d.week, d.weekday
FROM checked_times AS t
JOIN time AS d ON d.start_time = t.start_time
WHERE d.year * 1000000 + d.month * 10000 + d.day * 100 + d.hour
        <> CAST(TO_CHAR(d.start_time, 'YYYYMMDDHH24') AS INTEGER)
    OR d.weekday <> EXTRACT(dow FROM d.start_time)
    OR d.week <> EXTRACT(week FROM d.start_time);
