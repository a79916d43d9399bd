-- The user of BI tools, if it is there (CREATE USER has no IF NOT EXISTS), and who asks: only a superuser makes users.
SELECT usename AS name, usesuper AS is_super
FROM pg_user
WHERE usename IN ('analyst', CURRENT_USER);
