import Config
import Platform
import Probes
import S3
import Samples
import YAML

/// Parses the sections of `recovery.yml`. What the daemon's configuration has too is parsed by its parser, so that a
/// block can be copied from one to the other.
struct RecoveryParser: Sendable {
    let context: ParsingContext
    let targets: TargetParser

    var errors: ErrorList { context.errors }

    init(context: ParsingContext) {
        self.context = context
        targets = TargetParser(context: context, global: GlobalOptions())
    }

    /// `bucket`.
    func bucket(_ node: Node) -> S3Options {
        var fields = Fields(node, errors, "bucket")
        let options = targets.store(&fields)
        fields.finish()
        return options
    }

    /// `object_lock`.
    func objectLock(_ node: Node) -> ObjectLock? {
        var fields = Fields(node, errors, "object_lock")
        _ = fields.required("mode")
        let mode = fields.choice("mode", ObjectLock.Mode.self)
        _ = fields.required("retain")
        let retain = context.duration(&fields, "retain")
        fields.finish()
        guard let mode, let retain else { return nil }
        return ObjectLock(mode: mode, retain: retain)
    }

    /// `sets`: at least one, with prefixes of which none begins with another, since pruning one would prune the other.
    func sets(_ nodes: [Node], at position: SourcePosition) -> [RecoverySet] {
        if nodes.isEmpty {
            errors.add(position, "no sets; expected a list of name, prefix, period under \"sets\"")
        }
        var names: Set<String> = []
        var prefixes: [String] = []
        return nodes.map { node in
            var fields = Fields(node, errors, "a backup set")
            let options = targets.set(&fields, &names)
            let floor = fields.integer("floor", in: 1...10_000)
            if let floor, floor > options.retention {
                errors.add(
                    fields.position(of: "floor"),
                    "floor: \(floor) is more than the \(options.retention) of retention; expected at most that")
            }
            if let other = prefixes.first(where: { $0.hasPrefix(options.prefix) || options.prefix.hasPrefix($0) }) {
                errors.add(
                    fields.position(of: "prefix"),
                    "prefix: \"\(options.prefix)\" and \"\(other)\" of another set overlap; expected keys of its own for each"
                )
            }
            if !options.prefix.hasSuffix("/"), fields.node("prefix") != nil {
                errors.add(
                    fields.position(of: "prefix"),
                    "prefix: expected a folder that ends in \"/\" such as daily/, found \"\(options.prefix)\"")
            }
            prefixes.append(options.prefix)
            fields.finish()
            return RecoverySet(options: options, floor: floor ?? min(7, options.retention))
        }
    }

    /// `encryption`.
    func encryption(_ node: Node) -> EncryptionOptions? {
        var fields = Fields(node, errors, "encryption")
        defer { fields.finish() }
        let key = fields.required("key_file").flatMap { keyFile($0, "key_file") }
        let previous = fields.list("previous_key_files")
        if previous.count >= BackupVerification.keyLimit {
            errors.add(
                fields.position(of: "previous_key_files"),
                "\(previous.count) keys; expected \(BackupVerification.keyLimit - 1) at most, those of backups that still exist"
            )
        }
        let older = previous.prefix(BackupVerification.keyLimit - 1).compactMap { keyFile($0, "previous_key_files") }
        return key.map { EncryptionOptions(key: $0, previousKeys: older) }
    }

    private func keyFile(_ node: Node, _ key: String) -> Secret? {
        guard let path = context.readableFile(node, key) else { return nil }
        let secret = Secret(file: path)
        if let text = try? secret.reveal(context.files), BackupVerification.keyBytes(text) == nil {
            errors.add(node.position, "not an AES-256 key; expected 64 hexadecimal digits, or 32 bytes in Base64")
        }
        return secret
    }

    /// `drills`.
    func drills(_ node: Node?) -> DrillOptions {
        var options = DrillOptions()
        guard let node else { return options }
        var fields = Fields(node, errors, "drills")
        if let directory = path(&fields, "directory") { options.directory = directory }
        options.agentURL = context.url(&fields, "agent_url")
        if let socket = path(&fields, "agent_socket") { options.agentSocket = socket }
        if let hooks = path(&fields, "hooks") { options.hooks = hooks }
        if let reports = path(&fields, "reports") { options.reports = reports }
        fields.finish()
        return options
    }

    /// The absolute path under a key; the file may be missing.
    func path(_ fields: inout Fields, _ key: String) -> String? {
        guard let node = fields.node(key) else { return nil }
        guard let text = node.scalar, !text.isEmpty else {
            errors.add(node.position, "\(key): expected a path, found \(node.kind)")
            return nil
        }
        return context.path(text, at: node.position)
    }
}
