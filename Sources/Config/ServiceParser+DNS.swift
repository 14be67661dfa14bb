import Probes
import Transport
import YAML

/// Records of the DNS.
extension ServiceParser {
    func dns(_ node: Node) -> DNSServiceOptions? {
        var fields = Fields(node, errors, "dns")
        defer { fields.finish() }
        let servers = fields.list("name_servers").compactMap { item -> DNSServer? in
            let server = item.scalar.flatMap { DNSServer($0) }
            if server == nil {
                errors.add(
                    item.position,
                    "name_servers: expected addresses such as 9.9.9.9, 127.0.0.1:5353 or [2620:fe::fe]:53, found \(item.kind)"
                )
            }
            return server
        }
        let items = fields.list("records")
        let records = items.compactMap(record)
        if items.isEmpty { errors.add(node.position, "dns has no records; expected a list of name, type and expect") }
        for (count, limit, key) in [
            (servers.count, DNSServiceOptions.serverLimit, "name_servers"),
            (items.count, DNSServiceOptions.recordLimit, "records"),
        ] where count > limit {
            errors.add(fields.position(of: key), "\(key): expected at most \(limit), found \(count)")
        }
        var seen: Set<DNSQuestion> = []
        for record in records where !seen.insert(record.question).inserted {
            errors.add(
                fields.position(of: "records"),
                "records: \(record.question.name) \(record.question.type.rawValue) is there twice; write all values under one expect"
            )
        }
        guard !records.isEmpty, records.count == items.count else { return nil }
        var options = DNSServiceOptions(records: records)
        options.servers = servers
        return options
    }

    private func record(_ node: Node) -> ExpectedRecords? {
        var fields = Fields(node, errors, "an entry of records")
        defer { fields.finish() }
        _ = fields.required("name")
        let name = fields.parsed("name", expected: "a name such as example.org; international ones as xn--…") { text in
            DNSQuestion(text, .a).flatMap { $0.name.isEmpty ? nil : text }
        }
        let type = fields.required("type") == nil ? nil : fields.choice("type", DNSType.self)
        let hasValues = fields.required("expect") != nil
        let others = fields.bool("allow_others")
        let items = fields.list("expect")
        guard let name, let type, let question = DNSQuestion(name, type), hasValues else { return nil }
        let values = items.compactMap { item -> String? in
            let value = item.scalar.flatMap { ExpectedRecords.normal($0, type) }
            if value == nil {
                errors.add(item.position, "expect: \(ServiceParser.example(type)), found \(item.kind)")
            }
            return value
        }
        guard values.count == items.count else { return nil }
        // Names have all kinds of texts beside the one that matters; what else there is, is one answer.
        return ExpectedRecords(question, values: values, allowsOthers: others ?? (type == .txt && !values.isEmpty))
    }

    private static func example(_ type: DNSType) -> String {
        switch type {
        case .a: "expected addresses such as 192.0.2.1"
        case .aaaa: "expected addresses such as 2001:db8::1"
        case .mx: "expected preference and host such as \"10 mail.example.org\""
        case .cname, .ns, .ptr: "expected names such as www.example.org"
        case .txt: "expected texts such as \"v=spf1 mx -all\""
        }
    }
}
