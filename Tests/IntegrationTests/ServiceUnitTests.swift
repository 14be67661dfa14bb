import Testing

@testable import vaultwatch

struct ServiceUnitTests {
    /// As `systemctl cat` prints a unit and two drop-ins.
    @Test func aUnitAndItsDropInsAreReadAsSystemdDoes() {
        let unit = ServiceUnit(
            parsing: """
                # /lib/systemd/system/vaultwatch.service
                [Unit]
                User=nobody
                [Service]
                User=vaultwatch
                Environment=A=1 "B=two words" \\
                  C=3
                EnvironmentFile=-/etc/default/vaultwatch
                LoadCredential=gone:/etc/gone

                # /etc/systemd/system/vaultwatch.service.d/a.conf
                [Service]
                LoadCredential=
                LoadCredential=vault-token:/etc/vaultwatch/secrets/vault-token
                ; a remark
                LoadCredentialEncrypted=smtp-password
                # /etc/systemd/system/vaultwatch.service.d/b.conf
                [Install]
                Environment=D=4
                """)
        #expect(unit.user == "vaultwatch")
        #expect(unit.environment == ["A": "1", "B": "two words", "C": "3"])
        #expect(unit.environmentFiles == ["/etc/default/vaultwatch"])
        #expect(
            unit.credentials == [
                .init(name: "vault-token", source: "/etc/vaultwatch/secrets/vault-token", isEncrypted: false),
                .init(name: "smtp-password", source: "/etc/credstore.encrypted/smtp-password", isEncrypted: true),
            ])
    }
}
