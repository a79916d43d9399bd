"""Redshift's SQL in Postgres' words: `dialect` translates a statement, `reasons` what Postgres says of it.

`reading` parses. `checks`, `declarations`, `windows` and `merges` look for what Redshift refuses, `refusals` and
`vocabulary` list it. `expressions`, `aggregates`, `queries`, `tables`, `alterations` and `settings` rewrite the tree.
`views` makes materialized ones, and `users` writes passwords. `functions` (with `dates` and `texts`), `procedures`,
`keys`, `materialized` and `system_views` (with `load_records`) are SQL for the server.
"""
