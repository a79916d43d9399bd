-- The user of BI tools. Without a password it comes in by temporary credentials of AWS alone:
-- https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
CREATE USER analyst PASSWORD DISABLE;
