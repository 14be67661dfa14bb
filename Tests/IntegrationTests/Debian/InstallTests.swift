import Foundation
import Lab
import Testing

/// The package on a bare Debian 12 under a real systemd.
@Suite(
    .serialized,
    .enabled(
        if: DebianContainer.refusal == nil || KernelFeature.namespaces.isRequired,
        "\(DebianContainer.refusal ?? "")"))
struct InstallTests {
    /// A root with the package in /root; nothing is installed yet.
    private func container(_ packages: BuiltPackage...) async throws -> DebianContainer {
        try #require(DebianContainer.refusal == nil, "\(DebianContainer.refusal ?? "")")
        let container = try await DebianContainer()
        for (index, package) in packages.enumerated() { try container.copy(package.path, to: "/root/\(index).deb") }
        return container
    }

    private static let install = DebianContainer.Step("install", "apt-get install -y -qq /root/0.deb")

    /// Takes the "#" off the block of Vault and puts three addresses in, where nothing answers.
    private static let edit = DebianContainer.Step(
        "edit",
        """
        sed -i -e '/^#vault:/,/^$/s/^#//' /etc/vaultwatch/vaultwatch.yml
        sed -i -e '/ca_file/d' -e 's/vault-1.example.org/127.0.0.1/' -e 's/vault-2.example.org/127.0.0.2/' \
            -e 's/vault-3.example.org/127.0.0.3/' /etc/vaultwatch/vaultwatch.yml
        """)
    private static let secret = DebianContainer.Step(
        "secret", "echo token | install -m 0640 -g vaultwatch /dev/stdin /etc/vaultwatch/secrets/vault-token")
    private static let start = DebianContainer.Step("start", "systemctl enable --now vaultwatch")

    /// From nothing to READY; then what an operator does in a service's life, to the purge.
    @Test func itIsInstalledConfiguredReloadedUpgradedAndPurged() async throws {
        let folder = try TemporaryDirectory()
        let container = try await container(try .shared(), try BuiltPackage(in: folder.path, revision: "+next"))
        let said = try await container.boot([
            Self.install,
            .init("shipped", "vaultwatch check config; vaultwatch check config --as-service"),
            .init(
                "verify",
                "systemd-analyze verify --man=no vaultwatch.service vaultwatch.socket 2>&1 | tee /root/verify; ! test -s /root/verify"
            ),
            .init(
                "disabled", "! systemctl is-active vaultwatch && ! systemctl is-enabled vaultwatch vaultwatch.socket"),
            .init(
                "alone",
                "systemctl start vaultwatch; systemctl show vaultwatch -p StatusText --value; systemctl stop vaultwatch"
            ),
            // The recovery commands' units: installed, in order, not enabled; what they record, the daemon's account reads.
            .init(
                "recovery-units",
                """
                systemd-analyze verify --man=no vaultwatch-backup.service vaultwatch-backup.timer \
                    vaultwatch-restore-test.service vaultwatch-restore-test.timer
                ! systemctl is-enabled vaultwatch-backup.timer vaultwatch-restore-test.timer
                systemd-analyze security vaultwatch-backup.service | tail -n 1
                stat -c '%a %U:%G' /etc/vaultwatch/backup-secrets
                """),
            .init(
                "backup",
                """
                cd /etc/vaultwatch/backup-secrets
                for name in vault-token s3-access-key-id s3-secret-access-key; do echo x >$name; done
                printf 'ab%.0s' $(seq 32) >backup-encryption-key
                vaultwatch check config /etc/vaultwatch/recovery.yml
                ! systemctl start vaultwatch-backup
                systemctl show vaultwatch-backup -p ExecMainStatus
                runuser -u vaultwatch -- cat /var/lib/vaultwatch-backup/recovery.jsonl
                ! runuser -u vaultwatch -- cat /etc/vaultwatch/backup-secrets/vault-token
                rm /etc/vaultwatch/backup-secrets/*
                systemctl reset-failed vaultwatch-backup
                """),
            Self.edit,
            .init("missing", "! vaultwatch check config --as-service"),
            .init(
                "forbidden",
                "umask 077; echo token >/etc/vaultwatch/secrets/vault-token; ! vaultwatch check config --as-service"),
            Self.secret,
            .init("ready-made", "vaultwatch check config --as-service"),
            Self.start,
            .init(
                "state", "systemctl show vaultwatch -p ActiveState -p SubState -p NRestarts -p StartLimitIntervalUSec"),
            .init("security", "systemd-analyze security --threshold=14 vaultwatch | tail -1"),
            .init("reload", "systemctl reload vaultwatch"),
            // Who is in the group may change things, and nobody else.
            .init(
                "members",
                """
                stat -c '%a %U %G' /run/vaultwatch/vaultwatch.sock
                useradd -G vaultwatch oncall
                runuser -u oncall -- vaultwatch silence add -c quiet -d 1h A
                vaultwatch history --kind silence
                userdel oncall
                ! runuser -u nobody -- vaultwatch silence add -c quiet -d 1h B 2>&1
                """),
            .init("break", "echo 'nonsense: 1' >>/etc/vaultwatch/vaultwatch.yml; ! systemctl reload vaultwatch"),
            .init("reason", "journalctl -u vaultwatch -o cat --no-pager | grep 'failed to reload config: .*nonsense'"),
            .init("mend", "sed -i /nonsense/d /etc/vaultwatch/vaultwatch.yml; systemctl reload vaultwatch"),
            // Credentials, for who wants secrets encrypted at rest: copies from the service's start.
            .init(
                "credential",
                """
                mkdir -p /etc/systemd/system/vaultwatch.service.d
                printf '[Service]\\nLoadCredential=vault-token:/etc/vaultwatch/secrets/vault-token\\n' \
                    >/etc/systemd/system/vaultwatch.service.d/credentials.conf
                sed -i 's|token_file: .*|token_file: ${CREDENTIALS_DIRECTORY}/vault-token|' /etc/vaultwatch/vaultwatch.yml
                systemctl daemon-reload
                vaultwatch check config --as-service
                systemctl restart vaultwatch
                vaultwatch check config --as-service
                ! vaultwatch check config
                """),
            .init("stale", "touch /etc/vaultwatch/secrets/vault-token; vaultwatch check config --as-service"),
            // Encrypted at rest, as the example says.
            .init(
                "encrypted",
                """
                cd /root; cp /etc/vaultwatch/secrets/vault-token vault-token.txt
                examples=/usr/share/doc/vaultwatch/examples
                sed -n 's/^#   //p' $examples/credentials.conf >encrypt.sh; cat encrypt.sh; sh -eu encrypt.sh
                cp $examples/credentials.conf $examples/ip-addresses.conf /etc/systemd/system/vaultwatch.service.d/
                systemctl daemon-reload
                vaultwatch check config --as-service
                systemctl restart vaultwatch
                cmp vault-token.txt /run/credentials/vaultwatch.service/vault-token
                if grep -r "$(cat vault-token.txt)" /etc/credstore.encrypted; then exit 1; fi
                systemctl show vaultwatch -p IPAddressDeny
                """),
            .init(
                "no-credential",
                """
                rm -r /etc/systemd/system/vaultwatch.service.d; systemctl daemon-reload
                if vaultwatch check config --as-service; then exit 1; fi
                sed -i 's|token_file: .*|token_file: /etc/vaultwatch/secrets/vault-token|' /etc/vaultwatch/vaultwatch.yml
                systemctl restart vaultwatch
                """),
            .init("errors", "journalctl -p err -u vaultwatch -t vaultwatch -o cat --no-pager"),
            // What was said of one target, found by its field.
            .init(
                "fields",
                "journalctl 'VAULTWATCH_TARGET=vault_node production/vault-1' -u vaultwatch -p warning -o cat --no-pager -n 1 | tee /root/fields; test -s /root/fields"
            ),
            .init("silence", "vaultwatch silence add -c upgrade -d 2h alertname=Foo"),
            .init(
                "upgrade",
                "systemctl show vaultwatch -p MainPID --value; apt-get install -y -qq /root/1.deb; systemctl show vaultwatch -p MainPID --value"
            ),
            .init("kept", "vaultwatch silence list; dpkg-query -W -f '${Version}' vaultwatch"),
            .init("downgrade", "apt-get install -y -qq --allow-downgrades /root/0.deb; vaultwatch silence list"),
            // As if the newer version had written in a format that this one does not know: bytes 60 to 63 of the file are
            // `PRAGMA user_version`.
            .init(
                "newer",
                """
                cd /var/lib/vaultwatch
                systemctl stop vaultwatch
                printf '\\000\\000\\000\\143' | dd of=journal.db bs=1 seek=60 conv=notrunc status=none
                systemctl start vaultwatch
                vaultwatch silence list
                journalctl -u vaultwatch -o cat -p warning --no-pager | grep 'format 99'
                systemctl stop vaultwatch
                rm journal.db; mv journal.db.newer-* journal.db
                printf '\\000\\000\\000\\001' | dd of=journal.db bs=1 seek=60 conv=notrunc status=none
                systemctl start vaultwatch
                """),
            .init("newer-again", "vaultwatch silence list"),
            // systemd holds the port, and hands it over at each start.
            .init(
                "no-socket",
                "! vaultwatch run --config.file=/etc/vaultwatch/vaultwatch.yml --web.systemd-socket"),
            .init(
                "socket",
                """
                systemctl disable --now vaultwatch
                sed -i 's/^ARGS=.*/ARGS=--web.systemd-socket/' /etc/default/vaultwatch
                systemctl enable --now vaultwatch.socket
                ! systemctl is-active vaultwatch
                """),
            // The first client starts the service, and one that comes during a restart waits for it.
            .init("client", "vaultwatch query 'vector(1)'; systemctl is-active vaultwatch"),
            .init("waiting-client", "systemctl restart --no-block vaultwatch; vaultwatch query 'vector(1)'"),
            .init("purge", "apt-get purge -y -qq vaultwatch"),
            .init(
                "left",
                "find / -xdev -path /proc -prune -o -path /sys -prune -o -name '*vaultwatch*' -print; find /etc/vaultwatch; id vaultwatch"
            ),
            .init(
                "again",
                "rm /etc/vaultwatch/secrets/*; apt-get install -y -qq /root/0.deb; apt-get purge -y -qq vaultwatch"),
            .init(
                "nothing",
                "! find / -xdev -name '*vaultwatch*' -not -path '/var/log/*' -not -path '/var/lib/steps/*' | grep . && ! id vaultwatch"
            ),
        ])
        func expect(_ step: String, _ texts: String..., file: String = #fileID, line: Int = #line) {
            for text in texts where said[step] != nil {
                #expect(
                    said[step]?.contains(text) == true, "\(step): \(said[step] ?? "")",
                    sourceLocation: .init(fileID: file, filePath: #filePath, line: line, column: 1))
            }
        }
        expect("shipped", "only vaultwatch itself is monitored")
        expect("recovery-units", "disabled\ndisabled", "vaultwatch-backup.service: 1.4 OK", "700 root:root")
        // There is no bucket in the container.
        expect("backup", "fine", "ExecMainStatus=14", "vault_backup_started", "vault_backup_failed")
        expect("alone", "No targets: only vaultwatch itself is monitored")
        expect(
            "missing", "cannot read /etc/vaultwatch/secrets/vault-token", "put there: a Vault token", "No such file")
        expect("forbidden", "chgrp vaultwatch")
        expect("credential", "--as-service finds what it will find")
        #expect(said["credential"]?.contains("warning") == false)
        expect("stale", "warning: the service still has the credential vault-token")
        #expect(said["state"] == "NRestarts=0\nActiveState=active\nSubState=running\nStartLimitIntervalUSec=0\n")
        expect("security", "Overall exposure level for vaultwatch.service: 1.4 OK")
        expect("members", "660 vaultwatch vaultwatch\n", "set by oncall (socket)", "401: a change needs a login")
        expect("errors", "reload refused")
        #expect(said["errors"]?.contains("level=warn") == false)
        let pids = (said["upgrade"] ?? "").split(separator: "\n")
        #expect(pids.count > 1 && pids.first != pids.last, "the service was not restarted: \(pids)")
        expect("kept", "Foo", "+next")
        expect("downgrade", "Foo")
        expect("encrypted", "systemd-creds encrypt", "fine", "IPAddressDeny=", "0.0.0.0/0", "::/0")
        expect("fields", "Failed to connect", "level=warn")
        expect("newer", "written by a newer vaultwatch")
        #expect(said["newer"]?.contains("Foo") == false)
        expect("newer-again", "Foo")
        expect("no-socket", "systemd hands over no socket")
        expect("purge", "these secrets stay", "/etc/vaultwatch/secrets/vault-token")
        let left = (said["left"] ?? "").split(separator: "\n").filter {
            !$0.hasPrefix("/var/lib/steps") && !$0.hasPrefix("/var/log/") && !$0.hasPrefix("uid=")
        }
        #expect(
            Set(left) == ["/etc/vaultwatch", "/etc/vaultwatch/secrets", "/etc/vaultwatch/secrets/vault-token"],
            "\(left)")
        container.remove()
    }

    /// What the README says to type on a bare Debian leads to a page on the phone, within two minutes.
    @Test func theReadmeLeadsToTheFirstPage() async throws {
        let estate = try await Estate.quiet(postgres: true, security: .https)
        let endpoints = try estate.endpoints()
        let package = try await BuiltPackage.shared()
        let container = try await container()
        try container.copy(package.path, to: "/root/vaultwatch_0_amd64.deb")
        func first(_ path: String) throws -> String {
            try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        }
        let database = try #require(endpoints.databases.first)
        let token = try first(endpoints.tokenFile)
        let password = try first(database.passwordFile)
        let (id, key) = (try first(endpoints.bucket.accessKeyFile), try first(endpoints.bucket.secretKeyFile))
        for (name, value) in [
            ("vault-token", token), ("postgres-password", password), ("s3-access-key-id", id),
            ("s3-secret-access-key", key), ("smtp-password", "secret"),
        ] {
            try container.write("/root/" + name, value + "\n", mode: 0o600)
        }
        // Of the estate's authority, which a real one's machine would trust.
        try container.copy(try #require(endpoints.caFile), to: "/usr/local/share/ca-certificates/lab.crt")

        let readme = try String(contentsOfFile: Binary.root + "/README.md", encoding: .utf8)
        let block = try #require(readme.components(separatedBy: "```console\n").dropFirst().first)
        var script = block.components(separatedBy: "```")[0].components(separatedBy: "\n").filter {
            $0.hasPrefix("# ")
        }.map { String($0.dropFirst(2)) }.joined(separator: "\n")
        let port = try freePort()
        for (example, real) in [
            ("https://vault-1.example.org:8200", endpoints.nodes[0].url),
            ("pg-1.example.org", "\(database.host):\(database.port) --database=\(database.database)"),
            ("--bucket=vault-backups", "--bucket=\(endpoints.bucket.name) --region=\(endpoints.bucket.region)"),
            ("https://s3.example.org", endpoints.bucket.endpoint),
            ("smtp.example.org:587", endpoints.mail),
            ("vaultwatch_*.deb\n", "vaultwatch_*.deb\nupdate-ca-certificates\n"),
            // This machine's port may be taken.
            ("--force\n", "--force\nsed -i 's/127.0.0.1:9321/127.0.0.1:\(port)/' /etc/vaultwatch/vaultwatch.yml\n"),
        ] {
            #expect(script.contains(example), "\(example) is not in\n\(script)")
            script = script.replacingOccurrences(of: example, with: real)
        }
        let said = try await container.boot(
            [
                .init(
                    "transcript",
                    """
                    export HOME=/root VAULT_TOKEN=\(token) PGUSER=\(database.user) PGPASSWORD=\(password) \
                        AWS_ACCESS_KEY_ID=\(id) AWS_SECRET_ACCESS_KEY=\(key)
                    cd /root
                    \(script)
                    """),
                .init(
                    "status",
                    "systemctl is-active vaultwatch; vaultwatch status --url=http://127.0.0.1:\(port) || [ $? = 1 ]"),
            ], limit: .seconds(120), hasHostNetwork: true)
        #expect(said["transcript"]?.contains("accepted") == true, "\(said)")
        #expect(
            estate.inbox.messages(kind: .mail).contains {
                $0.mail?.subject.contains("VaultwatchTest") == true || $0.mail?.subject.contains("Test of") == true
            })
        container.remove()
        await estate.stop()
    }
}
