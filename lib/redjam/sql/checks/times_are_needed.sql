-- Each row of `time` is the start of a play, in the parts that it says.
SELECT CAST(t.start_time AS VARCHAR) AS start_time, t.year, t.month, t.day, t.hour, t.week, t.weekday
FROM time AS t
LEFT JOIN (SELECT DISTINCT start_time FROM songplays) AS p ON p.start_time = t.start_time
WHERE p.start_time IS NULL
    OR t.year * 1000000 + t.month * 10000 + t.day * 100 + t.hour
        <> CAST(TO_CHAR(t.start_time, 'YYYYMMDDHH24') AS INTEGER)
    OR t.weekday <> EXTRACT(dow FROM t.start_time)
    OR t.week <> EXTRACT(week FROM t.start_time);
