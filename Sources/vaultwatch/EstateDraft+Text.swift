/// The configuration file.
extension EstateDraft {
    /// The next steps, in order: shell commands, and sentences between them as comments.
    var steps: [String] {
        var steps: [String] = []
        func secret(_ name: String, _ what: String, from command: String) {
            steps.append("# \(what):")
            steps.append("\(command) | install -m 0640 -g vaultwatch /dev/stdin \(EstateDraft.secrets)/\(name)")
        }
        if !nodes.isEmpty {
            steps.append("vault policy write vaultwatch \(EstateDraft.examples)/vault-policy.hcl")
            secret(
                "vault-token", "Vault's token",
                from: "vault token create -policy=vaultwatch -period=24h -orphan -field=token")
        }
        if let server = servers.first {
            steps.append(
                "psql --host=\(server.host) --port=\(server.port) --dbname=\(database) --file=\(EstateDraft.examples)/postgresql-role.sql"
            )
            secret(
                "postgres-password", "the password that you give to the role with \\password vaultwatch",
                from: "systemd-ask-password PostgreSQL:")
        }
        if let bucket {
            steps.append(
                "# a user with the policy \(EstateDraft.examples)/s3-read-only-policy.json, in which \(bucket.name) takes the place of example-vault-backups; its keys:"
            )
            secret("s3-access-key-id", "the id", from: "systemd-ask-password 'Access key id:'")
            secret("s3-secret-access-key", "the key", from: "systemd-ask-password 'Secret access key:'")
        }
        if mailAddress != nil {
            secret("smtp-password", "the password of the mail account", from: "systemd-ask-password SMTP:")
        }
        steps.append("vaultwatch check config --as-service --live")
        steps.append("systemctl enable --now vaultwatch")
        steps.append("vaultwatch notify test --severity critical")
        return steps
    }

    /// A complete configuration, with what was not found as comments.
    var text: String {
        var lines = [
            "# vaultwatch's configuration, written by vaultwatch init from what it found. To do, in this order:"
        ]
        lines += steps.map { "#   " + $0 }
        lines += ["", "global:", "  poll_interval: 5s", "  timeout: 4s", ""]
        lines += vaultLines + postgresLines + backupLines
        lines += [
            "rules:",
            "  - /usr/share/vaultwatch/rules/*.yml",
            "  - /etc/vaultwatch/rules/*.yml",
            "",
        ]
        return (lines + alertingLines + webLines).joined(separator: "\n") + "\n"
    }

    private var vaultLines: [String] {
        guard !nodes.isEmpty else {
            return ["# No Vault node was found: vaultwatch init --vault=https://vault-1.example.org:8200", ""]
        }
        var lines = ["vault:", "  clusters:", "    - name: \(quoted(cluster))", "      nodes:"]
        for node in nodes {
            lines += ["        - name: \(quoted(node.name))", "          url: \(quoted(node.url))"]
        }
        if let caFile {
            lines.append("      ca_file: \(quoted(caFile))")
        } else {
            lines.append("      # The authority of the nodes' certificates, where the system does not trust it:")
            lines.append("      # ca_file: /etc/vaultwatch/vault-ca.pem")
        }
        lines.append("      token_file: \(EstateDraft.secrets)/vault-token")
        if nodes.contains(where: { $0.url.hasPrefix("http:") }) {
            lines.append("      # A node offers no TLS: the token goes over the network in clear.")
            lines.append("      allow_plaintext: true")
        }
        return lines + [""]
    }

    private var postgresLines: [String] {
        guard !servers.isEmpty else {
            return ["# No PostgreSQL server was found: vaultwatch init --postgres=pg-1.example.org", ""]
        }
        var lines = ["postgres:", "  servers:"]
        for server in servers {
            let encryption =
                server.offersTLS == false
                ? [
                    "      # The server offers no TLS: password and answers go over the network in clear.",
                    "      sslmode: disable",
                ]
                : [
                    "      # verify-full also holds the server's certificate against its name; it needs sslrootcert.",
                    "      sslmode: require",
                ]
            lines += [
                "    - name: \(quoted(server.name))",
                "      host: \(quoted(server.host))",
                "      port: \(server.port)",
                "      database: \(quoted(database))",
                "      user: vaultwatch",
                "      password_file: \(EstateDraft.secrets)/postgres-password",
            ]
            lines += encryption
            lines += [
                "      # SQL can't tell how large the disk is:",
                "      # capacity_bytes: 100GiB",
            ]
        }
        return lines + [""]
    }

    private var backupLines: [String] {
        guard let bucket else {
            return ["# No bucket was found: vaultwatch init --bucket=example-vault-backups", ""]
        }
        var lines = ["backups:", "  - bucket: \(quoted(bucket.name))"]
        if let endpoint = bucket.endpoint { lines.append("    endpoint: \(quoted(endpoint))") }
        lines += [
            "    region: \(quoted(bucket.region))",
            "    access_key_id_file: \(EstateDraft.secrets)/s3-access-key-id",
            "    secret_access_key_file: \(EstateDraft.secrets)/s3-secret-access-key",
            "    sets:",
        ]
        let sets =
            bucket.sets.isEmpty
            ? [Bucket.Set(name: "daily", prefix: "daily/", period: "daily", count: 30)] : bucket.sets
        if bucket.sets.isEmpty { lines.append("      # Nothing could be listed; as an example:") }
        for set in sets {
            lines += [
                "      - name: \(quoted(set.name))",
                "        prefix: \(quoted(set.prefix))",
                "        period: \(set.period)",
                "        grace: 1h",
                "        retention: \(max(1, set.count))",
            ]
        }
        return lines + [""]
    }

    private var alertingLines: [String] {
        var lines = ["# Alertmanager's configuration.", "alerting:"]
        if mailAddress != nil {
            lines += [
                "  global:",
                "    smtp_smarthost: \(quoted(smarthost ?? "localhost:25"))",
                "    smtp_from: vaultwatch@localhost",
                "    smtp_auth_username: vaultwatch",
                "    smtp_auth_password_file: \(EstateDraft.secrets)/smtp-password",
            ]
        }
        lines += [
            "  route:",
            "    receiver: on-call",
            "    group_by: [alertname, cluster]",
            "    group_wait: 10s",
            "    group_interval: 5m",
            "    repeat_interval: 4h",
            "    routes:",
            "      # It always fires; a heartbeat service that expects it calls when it falls silent.",
            "      - matchers: [alertname=\"Watchdog\"]",
            "        receiver: heartbeat",
            "      # What wakes people, and what somebody is to see soon, does not wait for others of its kind.",
            "      - {matchers: [severity=\"critical\"], group_wait: 0s, group_interval: 1m, repeat_interval: 1h}",
            "      - {matchers: [severity=\"high\"], group_wait: 200ms, group_interval: 1m}",
            "  receivers:",
            "    - name: heartbeat",
            "    - name: on-call",
        ]
        if let mailAddress {
            lines.append("      email_configs: [{to: \(quoted(mailAddress)), send_resolved: true}]")
        } else {
            lines.append("      # email_configs: [{to: oncall@example.org, send_resolved: true}]")
        }
        return lines + [
            "      # pagerduty_configs: [{routing_key_file: \(EstateDraft.secrets)/pagerduty-routing-key}]", "",
        ]
    }

    private var webLines: [String] {
        [
            "web:",
            "  # \":9321\" for every address. Everybody who reaches it may read; only who comes over the socket of this",
            "  # machine may silence or reload, unless users or tokens are named here.",
            "  listen_addresses: [\"127.0.0.1:9321\"]",
        ]
    }

    /// A YAML scalar: unquoted if it is unambiguous, otherwise quoted as in JSON.
    private func quoted(_ text: String) -> String {
        let isPlain =
            text.unicodeScalars.first?.properties.isAlphabetic == true
            && text.utf8.allSatisfy { byte in
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
                    || "-_./:@".utf8.contains(byte)
            }
            && !text.hasSuffix(":")
            && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        if isPlain { return text }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            case _ where scalar.value < 0x20:
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: out += String(scalar)
            }
        }
        return out + "\""
    }
}
