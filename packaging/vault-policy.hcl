# What vaultwatch may do with its token. Health, seal status and leader need none.
#   vault policy write vaultwatch vault-policy.hcl
#   vault token create -policy=vaultwatch -period=24h -orphan

# Telemetry, unless the listener allows unauthenticated_metrics_access.
path "sys/metrics" {
  capabilities = ["read"]
}

# Which nodes the cluster itself knows (from Vault 1.10).
path "sys/ha-status" {
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
