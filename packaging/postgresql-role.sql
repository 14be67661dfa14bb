-- The role with which vaultwatch reads a PostgreSQL server that holds Vault's data.
-- Run on the primary as a superuser, connected to Vault's database:
--   psql --dbname vault --file postgresql-role.sql
-- then give it a password: \password vaultwatch
--
-- It sees sizes, activity, replication and locks. It cannot read a secret: the grants are by column and leave
-- out vault_kv_store.value (which is ciphertext anyway).

CREATE ROLE vaultwatch LOGIN CONNECTION LIMIT 4;
ALTER ROLE vaultwatch SET default_transaction_read_only = on;
ALTER ROLE vaultwatch SET statement_timeout = '4s';

GRANT pg_monitor TO vaultwatch;
GRANT SELECT (path, key) ON vault_kv_store TO vaultwatch;
GRANT SELECT (ha_key, ha_value, ha_identity, valid_until) ON vault_ha_locks TO vaultwatch;
