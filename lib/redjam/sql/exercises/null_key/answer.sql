-- What is right: either the plays without a song in the catalogue are the largest heap, or those of one song.
SELECT GREATEST(
    (
        SELECT COUNT(*)
        FROM songplays AS p
        JOIN songs AS s ON s.song_id = p.song_id
        WHERE s.is_inferred
    ),
    (
        SELECT MAX(plays)
        FROM (
            SELECT COUNT(*) AS plays
            FROM songplays AS p
            JOIN songs AS s ON s.song_id = p.song_id
            WHERE NOT s.is_inferred
            GROUP BY p.song_id
        ) AS songs_of_the_catalogue
    )
) AS plays;
