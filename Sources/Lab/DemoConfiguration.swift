/// The configuration file for a simulated estate: what an operator would write for a real one.
package enum DemoConfiguration {
    /// - Parameters:
    ///   - rules: a pattern of rule files.
    ///   - listen: the agent's listen address.
    ///   - storage: the folder of its journal.
    ///   - records: the file in which the recovery commands record what they did; nil for none.
    package static func text(
        _ estate: EstateEndpoints, rules: String, listen: String, storage: String, records: String? = nil
    ) -> String {
        let nodes = estate.nodes.map { "        - {name: \($0.name), url: \"\($0.url)\"}" }.joined(separator: "\n")
        let ca = estate.caFile.map { "      ca_file: \($0)\n" } ?? ""
        let databases = estate.databases.map { database in
            """
                - name: \(database.name)
                  host: \(database.host)
                  port: \(database.port)
                  database: \(database.database)
                  user: \(database.user)
                  password_file: \(database.passwordFile)
                  capacity_bytes: 1GiB
            """
        }.joined(separator: "\n")
        let postgres = databases.isEmpty ? "" : "postgres:\n  servers:\n\(databases)\n"
        let logs = estate.nodes.compactMap { node in
            node.auditLog.map {
                "  - {node: \(node.name), path: \($0), exclude: [{display_name: token, path: \(estate.canaryPath)}]}"
            }
        }.joined(separator: "\n")
        let auditLogs = logs.isEmpty ? "" : "audit_logs:\n\(logs)\n"
        // Nothing real is monitored, and only this machine's users can connect: they need no login to try things out.
        let isLoopback = ["127.", "localhost:", "[::1]:"].contains { listen.hasPrefix($0) }
        let changes = isLoopback ? "  allow_anonymous_changes: true" : "  # Changes are taken over the socket alone."
        let mailTLS = estate.caFile.map { "    smtp_tls_config: {ca_file: \($0)}\n" } ?? "    smtp_require_tls: false\n"
        let services = estate.services
        let websiteCA = estate.caFile.map { ", ca_file: \($0)" } ?? ""
        let serviceCA = estate.caFile.map { "      ca_file: \($0)\n" } ?? ""
        return """
            # Written by vaultwatch-demo for its simulated estate.
            global:
              poll_interval: 5s
              timeout: 4s
            vault:
              clusters:
                - name: \(estate.clusterName)
                  nodes:
            \(nodes)
                  load_balancer_url: \(estate.loadBalancer)
            \(ca)      token_file: \(estate.tokenFile)
                  canary_path: \(estate.canaryPath)
            \(postgres)backups:
              - bucket: \(estate.bucket.name)
                endpoint: \(estate.bucket.endpoint)
                region: \(estate.bucket.region)
                path_style: true
                access_key_id_file: \(estate.bucket.accessKeyFile)
                secret_access_key_file: \(estate.bucket.secretKeyFile)
                verification: {encryption_key_file: \(estate.bucket.encryptionKeyFile)}
                poll_interval: 10s
                timeout: 5s
                sets:
                  - {name: daily, prefix: daily/, period: daily, grace: 1h, retention: 30}
                  - {name: monthly, prefix: monthly/, period: monthly, grace: 1h, retention: 12}
            services:
              - name: submission
                poll_interval: 5s
                timeout: 4s
                smtp:
                  address: \(services.mail)
                  \(services.isMailSecure ? "security: starttls" : "security: none")
            \(serviceCA)      username: watch
                  password_file: \(services.mailPasswordFile)
                  test_mail:
                    from: watch@example.org
                    to: echo@example.org
                    hook: {url: "\(services.mailHook)"}
                    every: 1m
                    within: 30s
                    poll_interval: 5s
              - name: website
                poll_interval: 5s
                timeout: 4s
                http: {url: "\(services.website)/health", expect_text: ready\(websiteCA)}
              - name: zone
                poll_interval: 5s
                timeout: 4s
                dns:
                  name_servers: ["\(services.nameServer)"]
                  records:
                    - {name: example.org, type: MX, expect: [10 mail.example.org]}
                    - {name: example.org, type: TXT, expect: [v=spf1 mx -all]}
                    - {name: mail._domainkey.example.org, type: TXT, expect: ["v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEA"]}
                    - {name: mail.example.org, type: A, expect: [192.0.2.25]}
            \(records.map { "records: [\($0)]\n" } ?? "")\(auditLogs)rules: ["\(rules)"]
            alerting:
              global:
                smtp_smarthost: \(estate.mail)
                smtp_from: vaultwatch@example.org
            \(mailTLS)    slack_api_url_file: \(estate.slackURLFile)
                pagerduty_url: \(estate.pagerDutyURL)/v2/enqueue
              route:
                receiver: medium
                group_by: [alertname, cluster, backup_set, service]
                group_wait: 0s
                group_interval: 5s
                repeat_interval: 4h
                routes:
                  - {matchers: ['alertname="Watchdog"'], receiver: nobody}
                  - {matchers: ['severity="critical"'], receiver: critical}
                  - {matchers: ['severity="high"'], receiver: high}
                  - {matchers: ['severity="low"'], receiver: low, group_by: [severity], group_wait: 1h, group_interval: 24h, repeat_interval: 24h}
              inhibit_rules:
                - source_matchers: ['alertname="VaultwatchBlind"']
                  target_matchers: ['alertname!~"VaultwatchBlind|Watchdog"']
              receivers:
                - name: nobody
                - name: critical
                  email_configs: [{to: oncall@example.org, send_resolved: true}]
                  slack_configs: [{channel: "#vault-alerts", send_resolved: true}]
                  pagerduty_configs: [{routing_key_file: \(estate.pagerDutyKeyFile)}]
                - name: high
                  email_configs: [{to: oncall@example.org, send_resolved: true}]
                  slack_configs: [{channel: "#vault-alerts", send_resolved: true}]
                - name: medium
                  email_configs: [{to: vault-team@example.org, send_resolved: true}]
                - name: low
                  email_configs: [{to: vault-team@example.org}]
            web:
              listen_addresses: ["\(listen)"]
              external_url: http://\(listen.hasPrefix(":") ? "localhost" + listen : listen)
            \(changes)
            storage:
              path: \(storage)

            """
    }
}
