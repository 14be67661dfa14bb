import ArgumentParser
import Config
import Platform
import Recovery

/// The option for the recovery configuration.
struct RecoveryOptionGroup: ParsableArguments {
    @Option(name: .customLong("recovery.file"), help: "The recovery configuration.")
    var file = RecoveryConfiguration.defaultPath

    /// Where the secrets of the recovery commands are, which systemd copies for the services.
    static let secretsFolder = "/etc/vaultwatch/backup-secrets"

    /// The environment for paths: by hand there is no `CREDENTIALS_DIRECTORY`, and the originals are used.
    static func environment(_ environment: [String: String]) -> [String: String] {
        environment.merging(["CREDENTIALS_DIRECTORY": secretsFolder]) { given, _ in given }
    }

    /// - Throws: `ExitCode.failure`, after printing all errors.
    func load() throws -> RecoveryConfiguration {
        do {
            return try RecoveryConfiguration.load(
                file, files: SystemFiles(), environment: RecoveryOptionGroup.environment(Environment.all()))
        } catch {
            Terminal.error(ConfigOptions.text(error))
            throw ExitCode.failure
        }
    }
}
