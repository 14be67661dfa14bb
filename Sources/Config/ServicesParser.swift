import Probes
import Samples
import YAML

extension TargetParser {
    /// Parses `services`: each has a name, one of smtp, http, tcp, dns, and what all targets have.
    func services(_ nodes: [Node]) -> [ServiceOptions] {
        var names: Set<String> = []
        return nodes.compactMap { service($0, &names) }
    }

    private func service(_ node: Node, _ names: inout Set<String>) -> ServiceOptions? {
        var fields = Fields(node, errors, "an entry of services")
        defer { fields.finish() }
        let name = fields.requiredString("name")
        if let name { checkUnique(name, "entry of services", at: node.position, &names) }
        let kinds = ["smtp", "http", "tcp", "dns"]
        let given = kinds.compactMap { kind in fields.node(kind).map { (kind: kind, node: $0) } }
        guard let (kind, section) = given.first, given.count == 1 else {
            errors.add(node.position, "a service needs one of smtp, http, tcp, dns; found \(given.count)")
            // What is not understood is not reported as unknown, too.
            for key in ["severity", "poll_interval", "timeout"] { _ = fields.node(key) }
            return nil
        }
        let parser = ServiceParser(targets: self)
        let check: ServiceOptions.Check? =
            switch kind {
            case "smtp": parser.smtp(section).map { .smtp($0) }
            case "http": parser.http(section).map { .http($0) }
            case "tcp": parser.tcp(section).map { .tcp($0) }
            default: parser.dns(section).map { .dns($0) }
            }
        let severity = fields.choice("severity", ServiceOptions.Severity.self)
        let interval = context.duration(&fields, "poll_interval")
        let timeout = context.duration(&fields, "timeout")
        guard let check else { return nil }
        var options = ServiceOptions(name: name ?? "", check: check)
        if let severity { options.severity = severity }
        if let interval { options.interval = interval }
        options.timeout = timeout ?? min(options.timeout, options.interval)
        if options.timeout > options.interval {
            errors.add(
                fields.position(of: "timeout"),
                "timeout is longer than the poll interval; expected at most \(options.interval.prometheusDescription)")
        }
        return name == nil ? nil : options
    }
}
