import Foundation
import Lab
import Testing

/// The shipped unit under a real systemd.
@Suite(
    .serialized,
    .enabled(
        if: DebianContainer.refusal == nil || KernelFeature.namespaces.isRequired,
        "\(DebianContainer.refusal ?? "")"))
struct UnitTests {
    /// It starts and stays up under its own limits and system call filter, and reloads on a system without procps.
    @Test func theUnitStartsAndReloads() async throws {
        try #require(DebianContainer.refusal == nil, "\(DebianContainer.refusal ?? "")")
        let container = try await DebianContainer()
        try container.copy(Binary.path, to: "/usr/bin/vaultwatch")
        try container.copy(
            Binary.root + "/packaging/vaultwatch.service", to: "/etc/systemd/system/vaultwatch.service")
        try container.copy(Binary.root + "/packaging/vaultwatch.yml", to: "/etc/vaultwatch/vaultwatch.yml")
        try container.copy(Binary.root + "/rules", to: "/usr/share/vaultwatch/rules")
        let authority = try await CertificateAuthority()
        for name in ["vault-ca.pem", "postgres-ca.pem"] {
            try container.copy(authority.certificateFile, to: "/etc/vaultwatch/\(name)")
        }
        for name in [
            "vault-token", "postgres-password", "s3-access-key-id", "s3-secret-access-key", "smtp-password",
            "slack-url", "pagerduty-routing-key",
        ] {
            try container.write("/etc/vaultwatch/secrets/\(name)", "https://example.org/\n", mode: 0o600)
        }
        try container.write(
            "/etc/vaultwatch/secrets/backup-encryption-key", String(repeating: "0f", count: 32), mode: 0o600)
        let said = try await container.boot([
            .init(
                "libraries",
                "apt-get install -y -qq --no-install-recommends libcurl4 libpq5 libre2-9 libsqlite3-0 libyaml-0-2"),
            .init("start", "vaultwatch --version; systemctl start vaultwatch"),
            // What is asked here has been measured: probes and store have worked.
            .init(
                "work", "until vaultwatch query 'vault_node_up{node=\"vault-1\"}' | grep vault-1; do sleep 0.1; done"),
            .init("reload", "systemctl reload vaultwatch"),
            .init(
                "reloaded",
                "until journalctl -u vaultwatch -o cat | grep 'configuration reloaded'; do sleep 0.1; done"),
            .init(
                "state",
                "systemctl show vaultwatch -p ActiveState -p SubState -p NRestarts -p StartLimitIntervalUSec"),
            .init("stop", "systemctl stop vaultwatch; systemctl show vaultwatch -p Result -p ActiveState"),
        ])
        #expect(
            said["state"] == "NRestarts=0\nActiveState=active\nSubState=running\nStartLimitIntervalUSec=0\n")
        #expect(said["stop"] == "Result=success\nActiveState=inactive\n")
        container.remove()
    }
}
