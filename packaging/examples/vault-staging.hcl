# The Vault of vault-staging.service. Without retry_join it stays alone.
storage "raft" {
  path    = "/run/vault-staging"
  node_id = "staging"
}

listener "tcp" {
  address         = "127.0.0.1:8300"
  cluster_address = "127.0.0.1:8301"
  tls_disable     = true
}

api_addr      = "http://127.0.0.1:8300"
cluster_addr  = "http://127.0.0.1:8301"
disable_mlock = true
