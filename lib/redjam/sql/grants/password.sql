-- Let the user of BI tools in by a password, on AWS given by its hash.
ALTER USER analyst PASSWORD $password;
