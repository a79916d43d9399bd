-- Keep analyst from making tables, which Redshift allows everybody in this schema: only from all at once, so on a cluster
-- of our own alone. https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
