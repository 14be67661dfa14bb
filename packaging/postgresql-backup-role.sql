-- The role with which vaultwatch backup dumps Vault's database; PostgreSQL 14 or newer. It is another than the
-- daemon's, which cannot read values.
-- Run on the primary as a superuser:
--   psql --dbname vault --file postgresql-backup-role.sql
-- then give it a password: \password vaultwatch_backup
--
-- pg_dump reads whole tables and locks them against changes of their form; pg_read_all_data allows both, and no write.

CREATE ROLE vaultwatch_backup LOGIN CONNECTION LIMIT 4;
ALTER ROLE vaultwatch_backup SET default_transaction_read_only = on;

GRANT pg_read_all_data TO vaultwatch_backup;
