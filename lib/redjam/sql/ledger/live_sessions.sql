-- The sessions that have a transaction now; of other users' only a superuser knows.
SELECT pid FROM svv_transactions;
