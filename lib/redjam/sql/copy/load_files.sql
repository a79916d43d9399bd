-- Write the files of a load into the ledger: by COPY, since they may be hundreds of thousands.
COPY load_files
FROM $files
IAM_ROLE $iam_role
REGION $region
FORMAT AS JSON 'auto'
COMPUPDATE OFF;
