package import Platform
package import Probes
import Samples
import YAML

extension Configuration {
    /// The Vault clusters and PostgreSQL servers of a daemon's configuration, for a command that must not act on them.
    /// Nothing else of the file is validated, and no file that it names is opened: the command's user may not read the
    /// daemon's secrets.
    /// - Throws: `ConfigurationErrors` if the targets cannot be determined.
    package static func targets(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> (vault: [VaultClusterOptions], postgres: [PostgresServerOptions]) {
        let context = ParsingContext(
            file: path, files: ConfigurationAlone(path: path, files: files), environment: environment)
        guard let root = document(path, context) else { throw ConfigurationErrors(errors: context.errors.errors) }
        var fields = Fields(root, context.errors, "the configuration")
        let parser = TargetParser(context: context, global: GlobalOptions(fields.node("global"), context))
        let vault = parser.clusters(fields.node("vault"))
        let postgres = parser.postgres(fields.node("postgres"), clusters: vault.map(\.name))
        guard context.errors.isEmpty else { throw ConfigurationErrors(errors: context.errors.errors) }
        return (vault, postgres)
    }
}

/// Reads one file; all others seem to be empty.
private struct ConfigurationAlone: FileAccess {
    let path: String
    let files: any FileAccess

    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        path == self.path ? try files.read(path, limit: limit) : []
    }

    func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        path == self.path ? try files.readDated(path, limit: limit) : ([], Timestamp(milliseconds: 0))
    }

    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) { ([], false) }
    func glob(_ pattern: String) -> [String] { [] }
    func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw refusal(path) }
    func makePrivate(_ path: String) throws(FileError) { throw refusal(path) }
    func rename(_ path: String, to new: String) throws(FileError) { throw refusal(path) }
    func remove(_ path: String) throws(FileError) { throw refusal(path) }

    private func refusal(_ path: String) -> FileError { FileError(path: path, reason: "only read") }
}
