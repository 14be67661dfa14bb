# What vaultwatch may do with its token. Health, seal status and leader need none.
#   vault policy write vaultwatch vault-policy.hcl
#   vault token create -policy=vaultwatch -period=24h -orphan
# The agent renews that token by itself and changes nothing else in Vault.

# Its own token: how long it lives, its renewal; a token that an AppRole login gave is revoked when another one takes its
# place. The policy `default` allows the same, where the token has it.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# How old a renewable token may become, so that its end is known days before.
path "sys/mounts/auth/token/tune" {
  capabilities = ["read"]
}

# With AppRole: how long the secret id lives and how many logins it allows. The role's name in place of vaultwatch.
path "auth/approle/role/vaultwatch/secret-id/lookup" {
  capabilities = ["update"]
}

# Whether there is an audit device at all. Vault asks for sudo to list them; it allows nothing but the list.
path "sys/audit" {
  capabilities = ["read", "sudo"]
}

# Telemetry, unless the listener allows unauthenticated_metrics_access.
path "sys/metrics" {
  capabilities = ["read"]
}

# Which nodes the cluster itself knows (from Vault 1.10).
path "sys/ha-status" {
  capabilities = ["read"]
}

# Attempts to change the unseal keys or to make a root token: a sign of an attack, or a forgotten ceremony. Vault before 2.0
# tells without a token.
path "sys/rekey/init" {
  capabilities = ["read"]
}
path "sys/rekey-recovery-key/init" {
  capabilities = ["read"]
}
path "sys/generate-root/attempt" {
  capabilities = ["read"]
}

# Integrated storage: how many servers may fail, and which count. On other storage leave it out.
path "sys/storage/raft/autopilot/state" {
  capabilities = ["read"]
}
path "sys/storage/raft/configuration" {
  capabilities = ["read"]
}

# Enterprise: the licence, and whether automated snapshots succeed.
path "sys/license/status" {
  capabilities = ["read"]
}
path "sys/storage/raft/snapshot-auto/config" {
  capabilities = ["list"]
}
path "sys/storage/raft/snapshot-auto/status/*" {
  capabilities = ["read"]
}

# The canary: a secret with nothing in it that matters, read to measure latency. As in the sample
# configuration; for KV version 2 the path is secret/data/vaultwatch-canary.
path "secret/vaultwatch-canary" {
  capabilities = ["read"]
}
