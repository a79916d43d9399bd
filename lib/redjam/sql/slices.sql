-- How many files a COPY loads at a time: the slices of the nodes. Everybody may see these, but not on Serverless.
SELECT COUNT(*) AS slices
FROM stv_slices;
