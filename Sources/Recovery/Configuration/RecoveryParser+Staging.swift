import Config
import Platform
import Probes
import YAML

extension RecoveryParser {
    /// `staging`.
    func staging(_ node: Node?) -> StagingOptions {
        var options = StagingOptions()
        guard let node else { return options }
        var fields = Fields(node, errors, "staging")
        if let directory = path(&fields, "directory") { options.directory = directory }
        options.restoreTest = fields.node("restore_test").flatMap { restoreTest($0) }
        fields.finish()
        return options
    }

    private func restoreTest(_ node: Node) -> RestoreTestOptions? {
        var fields = Fields(node, errors, "restore_test")
        defer { fields.finish() }
        _ = fields.required("kind")
        let kind = fields.choice("kind", RestoreTestOptions.Kind.self)
        let url = context.url(&fields, "url", required: true)
        let socket = path(&fields, "unix_socket")
        let tls = targets.tls(&fields)
        let keys = fields.list("key_files").compactMap { node in
            context.readableFile(node, "key_files").map { Secret(file: $0) }
        }
        let database = fields.node("database").map { node in
            var own = Fields(node, errors, "database")
            defer { own.finish() }
            return targets.connection(&own, "database")
        }
        let role = fields.string("role")
        let program = path(&fields, "pg_restore")
        let token = context.secret(&fields, "token")
        let daemonConfig = path(&fields, "daemon_config")
        let reach = fields.node("reach").flatMap { hook($0, "reach") }
        let start = fields.node("start").flatMap { hook($0, "start") }
        let stop = fields.node("stop").flatMap { hook($0, "stop") }
        let canary = fields.node("canary").flatMap { self.canary($0) }
        let isIsolated = fields.bool("isolated") ?? false
        let allowsPlaintext = fields.bool("allow_plaintext") ?? false
        if let url, socket == nil, !allowsPlaintext, Plaintext.isExposed(url) {
            errors.add(
                fields.position(of: "url"),
                "url: the unseal keys and the copy would go over the network unencrypted; expected https://, a unix_socket, or \"allow_plaintext: true\""
            )
        }
        let timeout = context.duration(&fields, "timeout")
        guard let kind, let url else { return nil }
        if kind != .raft, database == nil {
            errors.add(node.position, "restore_test of kind \(kind.rawValue) needs \"database\": a scratch server")
        }
        if kind != .raft, start == nil {
            errors.add(
                node.position,
                "restore_test of kind \(kind.rawValue) needs \"start\": each test has a database of its own, and a Vault that already runs is on another one"
            )
        }
        if kind == .recoveryMode, keys.isEmpty {
            errors.add(
                node.position, "restore_test of kind recovery_mode needs \"key_files\": the source's unseal keys")
        }
        var options = RestoreTestOptions(kind: kind, url: url)
        options.unixSocket = socket
        options.tls = tls
        options.keys = keys
        options.database = database
        options.role = role
        options.program = program
        options.token = token
        if let daemonConfig { options.daemonConfig = daemonConfig }
        options.reach = reach
        options.start = start
        options.stop = stop
        options.canary = canary
        options.isIsolated = isIsolated
        if let timeout { options.timeout = timeout }
        return options
    }

    private func hook(_ node: Node, _ name: String) -> RestoreTestOptions.Hook? {
        var fields = Fields(node, errors, name)
        defer { fields.finish() }
        let arguments = fields.strings("argv")
        if arguments.isEmpty {
            errors.add(node.position, "\(name) needs \"argv\": a list of the program and its arguments")
            return nil
        }
        // A relative path would depend on where the command is started.
        if let program = arguments.first, program.contains("/"), !program.hasPrefix("/") {
            errors.add(
                fields.position(of: "argv"),
                "\(name): expected an absolute path or a program's name, found \"\(program)\"")
        }
        var hook = RestoreTestOptions.Hook(arguments: arguments)
        if let timeout = context.duration(&fields, "timeout") { hook.timeout = timeout }
        return hook
    }

    private func canary(_ node: Node) -> RestoreTestOptions.Canary? {
        var fields = Fields(node, errors, "canary")
        defer { fields.finish() }
        let authentication = targets.authentication(&fields)
        return fields.requiredString("path").map {
            RestoreTestOptions.Canary(path: $0, authentication: authentication)
        }
    }
}
