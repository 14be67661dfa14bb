import Platform
import Testing
import Transport

@testable import Recovery

struct PostgresDumpReaderTests {
    /// The password is in no argument, and what is quoted is quoted.
    @Test func argumentsHoldNoPassword() {
        let source = PostgresSource(
            connection: PostgresOptions(
                parameters: ["host": "pg 1", "user": "o'brien\\", "dbname": "vault"],
                password: Secret(value: "hidden")))
        let arguments = PostgresDumpReader.arguments(source)
        #expect(!arguments.joined().contains("hidden"))
        #expect(arguments.contains("--lock-wait-timeout=30000"))
        #expect(arguments.contains("--exclude-table-data=vault_ha_locks"))
        #expect(
            arguments.last
                == #"--dbname=application_name='vaultwatch-backup' connect_timeout='3' dbname='vault' host='pg 1' user='o\'brien\\'"#
        )
    }
}
