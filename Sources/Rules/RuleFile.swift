import Samples
package import YAML

/// Reads rule files in Prometheus' format and validates them as promtool does.
/// Source: prometheus/prometheus, model/rulefmt/rulefmt.go.
package enum RuleFile {
    /// The groups of one file. Mistakes are added to `errors`, each with its position; invalid rules are skipped.
    /// - Parameters:
    ///   - file: its name, for positions and as part of the groups' keys.
    ///   - checksTemplates: also expands every template for sample alerts, see `Rule.templateFindings`. For linters: it
    ///     takes as long as everything else.
    package static func parse(
        _ bytes: [UInt8], file: String, checksTemplates: Bool = false, errors: ErrorList
    ) -> [RuleGroup] {
        let root: Node
        do throws(YAMLError) {
            root = try Node.parse(bytes, file: file)
        } catch {
            errors.add(error)
            return []
        }
        var fields = Fields(root, errors, "a rule file")
        let groups = fields.list("groups")
        fields.finish()
        var seen: Set<String> = []
        return groups.compactMap { node in
            guard let group = group(node, Source(bytes: bytes, checksTemplates: checksTemplates), file, errors) else {
                return nil
            }
            if !seen.insert(group.name).inserted {
                errors.add(node.position, "groupname: \"\(group.name)\" is repeated in the same file")
            }
            return group
        }
    }

    private struct Source {
        let bytes: [UInt8]
        let checksTemplates: Bool
    }

    private static func group(_ node: Node, _ source: Source, _ file: String, _ errors: ErrorList) -> RuleGroup? {
        var fields = Fields(node, errors, "a rule group")
        let name = fields.requiredString("name")
        let interval = duration("interval", &fields)
        let offset = duration("query_offset", &fields)
        let limit = fields.integer("limit", in: 0...1_000_000) ?? 0
        let labels = labelMap("labels", &fields)
        let rules = fields.list("rules").compactMap { rule($0, labels, source, errors) }
        fields.finish()
        guard let name else { return nil }
        if name.isEmpty { errors.add(fields.position(of: "name"), "Groupname must not be empty") }
        return RuleGroup(
            file: file, name: name, interval: interval == .zero ? nil : interval, queryOffset: offset, limit: limit,
            rules: rules, position: node.position)
    }

    private static func duration(_ key: String, _ fields: inout Fields) -> Duration? {
        fields.parsed(key, expected: "a duration such as 5m", Duration.init(prometheus:))
    }

    private static func labelMap(_ key: String, _ fields: inout Fields) -> [String: String] {
        let labels = fields.stringMap(key)
        for (name, _) in fields.node[key]?.mapping ?? [] where name.text.isEmpty || name.text == Labels.metricName {
            fields.errors.add(name.position, "invalid label name: \(name.text)")
        }
        return labels
    }

    private static func rule(_ node: Node, _ groupLabels: [String: String], _ source: Source, _ errors: ErrorList)
        -> Rule?
    {
        var fields = Fields(node, errors, "a rule")
        let (record, alert) = (fields.string("record"), fields.string("alert"))
        let expression = fields.requiredString("expr")
        let (hold, keepFiring) = (duration("for", &fields), duration("keep_firing_for", &fields))
        let labels = labelMap("labels", &fields)
        var annotations = fields.stringMap("annotations")
        fields.finish()

        if record != nil && alert != nil { errors.add(node.position, "only one of 'record' and 'alert' must be set") }
        guard let name = alert ?? record, !name.isEmpty else {
            errors.add(node.position, "one of 'record' or 'alert' must be set")
            return nil
        }
        let kind: Rule.Kind = alert == nil ? .recording : .alerting
        if kind == .recording { checkRecording(name, fields, hold, keepFiring, annotations) }
        checkAnnotations(node, errors)
        let noData = annotations.removeValue(forKey: Rule.noDataAnnotation).flatMap(Rule.NoData.init) ?? .resolve
        let allLabels = groupLabels.merging(labels) { _, own in own }
        let texts = kind == .alerting ? allLabels : [:]
        let templates = RuleTemplates(rule: name, labels: texts, annotations: annotations) { name, message in
            let pairs = (node["labels"]?.mapping ?? []) + (node["annotations"]?.mapping ?? [])
            errors.add(pairs.first { $0.key.text == name }?.value.position ?? node.position, message)
        }
        let problems = source.checksTemplates ? templates.problems(originals: (texts, annotations)) : []
        let findings = problems.map { problem in
            let value = node[problem.kind + "s"]?[problem.name]
            let position = value.map {
                ScalarPosition(source.bytes).position(of: problem.offset, in: $0.scalar ?? "", startingAt: $0.position)
            }
            return RuleSet.Finding(
                position: position ?? node.position,
                message: "\(name): the template of \(problem.kind) \"\(problem.name)\" fails: \(problem.message)")
        }
        guard let expression, let expressionNode = node["expr"] else { return nil }
        guard !expression.allSatisfy(\.isWhitespace) else {
            errors.add(expressionNode.position, "field 'expr' must be set in rule")
            return nil
        }
        do throws(RuleQuery.SyntaxError) {
            return Rule(
                kind: kind, name: name, query: try RuleQuery(expression), hold: hold ?? .zero,
                keepFiring: keepFiring ?? .zero, labels: allLabels,
                annotations: annotations, noData: noData, position: node.position,
                templateFindings: findings, templates: templates)
        } catch {
            let position = ScalarPosition(source.bytes).position(
                of: error.offset, in: expression, startingAt: expressionNode.position)
            errors.add(position, "could not parse expression: \(error.message)")
            return nil
        }
    }

    /// Checks for keys that a recording rule must not have.
    private static func checkRecording(
        _ name: String, _ fields: Fields, _ hold: Duration?, _ keepFiring: Duration?, _ annotations: [String: String]
    ) {
        let errors = fields.errors
        if hold != nil { errors.add(fields.position(of: "for"), "invalid field 'for' in recording rule") }
        if keepFiring != nil {
            errors.add(fields.position(of: "keep_firing_for"), "invalid field 'keep_firing_for' in recording rule")
        }
        if !annotations.isEmpty {
            errors.add(fields.position(of: "annotations"), "invalid field 'annotations' in recording rule")
        }
        // Names may be any text; but braces indicate an expression in the wrong field.
        if name.contains(where: { "{}".contains($0) }) {
            errors.add(
                fields.position(of: "record"),
                "braces present in the recording rule name; should it be in expr?: \(name)")
        }
    }

    private static func checkAnnotations(_ node: Node, _ errors: ErrorList) {
        for (key, value) in node["annotations"]?.mapping ?? [] {
            if key.text.isEmpty { errors.add(key.position, "invalid annotation name: \(key.text)") }
            if key.text == Rule.noDataAnnotation, Rule.NoData(rawValue: value.scalar ?? "") == nil {
                let choices = Rule.NoData.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                errors.add(value.position, "\(key.text): expected one of \(choices), found \(value.kind)")
            }
        }
    }
}
