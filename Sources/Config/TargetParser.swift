import Platform
package import Probes
import Samples
package import Transport
package import YAML

/// Parses the targets. Names must be unique, since they are labels of series.
package struct TargetParser: Sendable {
    /// Errors, files and environment.
    package let context: ParsingContext
    let global: GlobalOptions

    var errors: ErrorList { context.errors }

    /// - Parameter global: the defaults of all targets.
    package init(context: ParsingContext, global: GlobalOptions) {
        self.context = context
        self.global = global
    }

    /// Adds an error for a name that is already in use.
    package func checkUnique(_ name: String, _ what: String, at position: SourcePosition, _ seen: inout Set<String>) {
        if !seen.insert(name).inserted {
            errors.add(position, "duplicate name \"\(name)\": another \(what) has the same name")
        }
    }

    /// The TLS options of a server: `ca_file`, `cert_file`, `key_file`, `server_name`, `insecure_skip_verify`.
    package func tls(_ fields: inout Fields) -> TLSOptions {
        var tls = TLSOptions()
        tls.caFile = context.readableFile(&fields, "ca_file")
        tls.certificateFile = context.readableFile(&fields, "cert_file")
        tls.keyFile = context.readableFile(&fields, "key_file")
        tls.serverName = fields.string("server_name")
        tls.insecureSkipVerify = fields.bool("insecure_skip_verify") ?? false
        if (tls.certificateFile == nil) != (tls.keyFile == nil) {
            errors.add(
                fields.position(of: tls.keyFile == nil ? "cert_file" : "key_file"),
                "cert_file and key_file belong together; expected both or neither")
        }
        return tls
    }

    /// `poll_interval` and `timeout` of a target, or the global ones.
    func pace(_ fields: inout Fields) -> (interval: Duration, timeout: Duration) {
        let interval = context.duration(&fields, "poll_interval") ?? global.pollInterval
        let timeout = context.duration(&fields, "timeout") ?? min(global.timeout, interval)
        if timeout > interval {
            errors.add(
                fields.position(of: "timeout"),
                "timeout is longer than the poll interval; expected at most \(interval.prometheusDescription)")
        }
        return (interval, timeout)
    }

    func clusters(_ node: Node?) -> [VaultClusterOptions] {
        guard let node else { return [] }
        var fields = Fields(node, errors, "vault")
        var names: Set<String> = []
        let clusters = fields.list("clusters").compactMap { cluster($0, &names) }
        fields.finish()
        return clusters
    }

    private func cluster(_ node: Node, _ names: inout Set<String>) -> VaultClusterOptions? {
        var fields = Fields(node, errors, "a cluster")
        var options = access(&fields)
        checkUnique(options.name, "cluster", at: node.position, &names)
        loadBalancer(&fields, &options)
        options.canaryPath = fields.string("canary_path")
        if options.canaryPath != nil, case .none = options.authentication {
            errors.add(
                fields.position(of: "canary_path"),
                "canary_path needs a token: expected token_file, or role_id_file and secret_id_file, beside it")
        }
        if let telemetry = fields.bool("telemetry") { options.telemetry = telemetry }
        (options.interval, options.timeout) = pace(&fields)
        if let interval = context.duration(&fields, "telemetry_interval") { options.telemetryInterval = interval }
        fields.finish()
        return options
    }

    /// Reads what every client of a cluster needs: `name`, `nodes`, TLS, the token and `namespace`.
    package func access(_ fields: inout Fields) -> VaultClusterOptions {
        let name = fields.requiredString("name") ?? ""
        var nodeNames: Set<String> = []
        var exposed: [SourcePosition] = []
        let nodes = fields.list("nodes").map { item -> VaultClusterOptions.Node in
            var fields = Fields(item, errors, "a node")
            let node = VaultClusterOptions.Node(
                name: fields.requiredString("name") ?? "", url: context.url(&fields, "url", required: true) ?? "")
            if Plaintext.isExposed(node.url) { exposed.append(fields.position(of: "url")) }
            fields.finish()
            checkUnique(node.name, "node of the cluster", at: item.position, &nodeNames)
            return node
        }
        if nodes.isEmpty {
            errors.add(fields.position, "cluster \"\(name)\" has no nodes; expected a list of name and url")
        }
        var options = VaultClusterOptions(name: name, nodes: nodes)
        options.tls = tls(&fields)
        options.authentication = authentication(&fields)
        refusePlaintext(exposed, options.authentication, &fields)
        options.namespace = fields.string("namespace")
        return options
    }

    /// `load_balancer_url`, or `load_balancer` with the states of nodes to which it may route.
    private func loadBalancer(_ fields: inout Fields, _ options: inout VaultClusterOptions) {
        options.loadBalancerURL = context.url(&fields, "load_balancer_url")
        let position = fields.position(of: "load_balancer")
        guard let node = fields.node("load_balancer") else { return }
        var own = Fields(node, errors, "load_balancer")
        if let url = context.url(&own, "url") {
            if options.loadBalancerURL != nil {
                errors.add(own.position(of: "url"), "load_balancer_url gives the URL too; keep one of both")
            }
            options.loadBalancerURL = url
        }
        let known: [VaultNodeState] = [.active, .standby, .performanceStandby]
        let names = own.list("accepts")
        if !names.isEmpty { options.loadBalancerAccepts = [] }
        for item in names {
            guard let state = known.first(where: { $0.rawValue == item.scalar }) else {
                errors.add(
                    item.position,
                    "accepts: expected \(known.map(\.rawValue).joined(separator: ", "))")
                continue
            }
            options.loadBalancerAccepts.insert(state)
        }
        own.finish()
        if options.loadBalancerURL == nil {
            errors.add(position, "load_balancer has no url; expected url in it, or load_balancer_url beside it")
        }
    }

    /// Reads `allow_plaintext`, and refuses URLs to which a token would be sent unencrypted.
    /// - Parameter positions: of URLs without encryption.
    package func refusePlaintext(
        _ positions: [SourcePosition], _ authentication: VaultClusterOptions.Authentication, _ fields: inout Fields
    ) {
        let isAllowed = fields.bool("allow_plaintext") ?? false
        let secret: String
        switch authentication {
        case .none: return
        case .token: secret = "the token"
        case .appRole: secret = "the secret_id and the token"
        }
        guard !isAllowed else { return }
        for position in positions {
            errors.add(
                position,
                "url: \(secret) would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" in the cluster"
            )
        }
    }

    /// Reads where a Vault token comes from: `token`, or `role_id`, `secret_id` and `approle_mount`.
    package func authentication(_ fields: inout Fields) -> VaultClusterOptions.Authentication {
        let token = context.secret(&fields, "token")
        let role = context.secret(&fields, "role_id")
        let secret = context.secret(&fields, "secret_id")
        let mount = fields.string("approle_mount")
        if let token {
            if role != nil || secret != nil {
                errors.add(fields.position, "both a token and an AppRole are given; keep one")
            }
            return .token(token)
        }
        if let role, let secret { return .appRole(roleID: role, secretID: secret, mount: mount ?? "approle") }
        if role != nil || secret != nil {
            errors.add(fields.position, "an AppRole needs role_id and secret_id (or the keys with _file)")
        }
        return .none
    }
}
