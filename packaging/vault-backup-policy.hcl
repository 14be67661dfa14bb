# What vaultwatch backup may do with its token, which is another than the daemon's: it reads all of Vault's data, encrypted
# under Vault's own keys, and nothing else.
#   vault policy write vaultwatch-backup vault-backup-policy.hcl
#   vault token create -policy=vaultwatch-backup -period=768h -orphan
# An AppRole with this policy (role_id_file, secret_id_file) needs no renewal: the command logs in for each run.

# GET alone takes a snapshot; restoring one needs update on the same path.
path "sys/storage/raft/snapshot" {
  capabilities = ["read"]
}
