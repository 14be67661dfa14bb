import Dispatching
package import Platform
import PromQL
import Samples
package import YAML

extension DrillScenario {
    /// Maximum size of a scenario's file in bytes.
    package static let fileLimitBytes = 256 << 10
    private static let stepLimit = 100
    private static let nameLimitBytes = 64
    private static let argumentLimit = 100
    private static let textLimitBytes = 8192
    private static let timeoutLimit = Duration.seconds(86_400)
    /// Of what may be lost: backups may be made once a month.
    private static let dataLossLimit = Duration.seconds(366 * 86_400)

    /// Reads a scenario's file.
    /// - Parameter errors: receives every mistake as file:line:column, also of expressions and placeholders.
    /// - Returns: nil if there is one.
    package static func load(_ path: String, files: any FileAccess, errors: ErrorList) -> DrillScenario? {
        do {
            return parse(try files.read(path, limit: fileLimitBytes), file: path, errors: errors)
        } catch {
            errors.add(SourcePosition(file: path, line: 1, column: 1), "cannot read the file: \(error.reason)")
            return nil
        }
    }

    /// Parses a scenario.
    package static func parse(_ bytes: [UInt8], file: String, errors: ErrorList) -> DrillScenario? {
        let before = errors.errors.count
        do {
            let scenario = Parser(errors: errors).scenario(try Node.parse(bytes, file: file), file: file)
            return errors.errors.count == before ? scenario : nil
        } catch {
            errors.add(error)
            return nil
        }
    }

    private struct Parser {
        let errors: ErrorList

        func scenario(_ root: Node, file: String) -> DrillScenario? {
            var fields = Fields(root, errors, "a scenario")
            let name = fields.requiredString("name") ?? ""
            if !DrillScenario.isName(name) {
                errors.add(
                    fields.position(of: "name"),
                    "name: expected 1 to \(nameLimitBytes) lowercase letters, digits, hyphens and underscores, found \"\(name)\""
                )
            }
            let description = text(fields.required("description"), "description") ?? ""
            let objective = objective(fields.node("objective"))
            let served = condition(fields.node("served"), "served")
            let dataLoss = condition(fields.node("data_loss"), "data_loss")
            if objective.dataLoss != nil, dataLoss == nil {
                errors.add(
                    fields.position(of: "objective"),
                    "rpo needs \"data_loss\": an expression for the seconds that the fault loses")
            }
            let alerts = matchers(fields.list("alerts"), "alerts")
            let silences = matchers(fields.list("silence"), "silence")
            let preconditions = bounded(fields.list("preconditions"), "preconditions").compactMap { requirement($0) }
            let steps = bounded(fields.list("steps"), "steps").compactMap { step($0) }
            if fields.node("steps") == nil { errors.add(root.position, "a scenario needs \"steps\"") }
            let finally = bounded(fields.list("finally"), "finally").compactMap { step($0) }
            for step in finally where step.isFault {
                errors.add(step.position, "fault: expected among \"steps\"; \"finally\" puts back what they did")
            }
            if steps.filter(\.isFault).count > 1 {
                errors.add(
                    fields.position(of: "steps"), "more than one step with \"fault: true\"; expected one at most")
            }
            if objective != Objective(), !steps.contains(where: { $0.isFault || $0.harms }), fields.node("steps") != nil
            {
                errors.add(
                    fields.position(of: "objective"),
                    "an objective needs a step with \"harms: true\" or \"fault: true\" to measure from")
            }
            fields.finish()
            return DrillScenario(
                name: name, description: description, objective: objective, served: served, dataLoss: dataLoss,
                alerts: alerts, silences: silences, preconditions: preconditions, steps: steps, finally: finally,
                file: file)
        }

        private func objective(_ node: Node?) -> Objective {
            guard let node else { return Objective() }
            var fields = Fields(node, errors, "an objective")
            let objective = Objective(
                recoveryTime: duration(&fields, "rto"), dataLoss: duration(&fields, "rpo", atMost: dataLossLimit),
                paged: duration(&fields, "paged"))
            fields.finish()
            return objective
        }

        private func requirement(_ node: Node) -> Precondition? {
            var fields = Fields(node, errors, "a precondition")
            let condition = condition(fields.required("check"), "check")
            let otherwise = text(fields.required("otherwise"), "otherwise")
            fields.finish()
            guard let condition, let otherwise else { return nil }
            return Precondition(condition: condition, otherwise: otherwise)
        }

        private func step(_ node: Node) -> Step? {
            var fields = Fields(node, errors, "a step")
            let name = text(fields.required("name"), "name")
            let run = arguments(&fields)
            let wait = condition(fields.node("wait"), "wait")
            let check = condition(fields.node("check"), "check")
            let confirm = text(fields.node("confirm"), "confirm")
            let actions: [(Action?, Duration)] = [
                (run.map { .run($0) }, .seconds(600)), (wait.map { .wait($0) }, .seconds(300)),
                (check.map { .check($0) }, .seconds(60)), (confirm.map { .confirm($0) }, .seconds(3600)),
            ]
            let keys = ["run", "wait", "check", "confirm"].filter { node[$0].map { !$0.isNull } ?? false }
            if keys.count != 1 {
                errors.add(
                    node.position,
                    "a step needs one of run, wait, check and confirm, found \(keys.isEmpty ? "none" : keys.joined(separator: ", "))"
                )
            }
            let timeout = duration(&fields, "timeout")
            let harms = fields.bool("harms") ?? false
            let isFault = fields.bool("fault") ?? false
            if harms || isFault, wait != nil || check != nil {
                errors.add(node.position, "wait and check change nothing: expected no \"harms\" or \"fault\" with them")
            }
            fields.finish()
            guard keys.count == 1, let name, let (action, usual) = actions.first(where: { $0.0 != nil }), let action
            else { return nil }
            return Step(
                name: name, action: action, timeout: timeout ?? usual, harms: harms, isFault: isFault,
                position: node.position)
        }

        private func arguments(_ fields: inout Fields) -> [String]? {
            guard fields.node("run") != nil else { return nil }
            let nodes = fields.list("run")
            guard !nodes.isEmpty, nodes.count <= argumentLimit else {
                errors.add(
                    fields.position(of: "run"),
                    "run: expected a program and its arguments as a list of 1 to \(argumentLimit) texts; a shell does not see it"
                )
                return nil
            }
            let texts = nodes.compactMap { text($0, "run") }
            guard texts.count == nodes.count, let program = texts.first else { return nil }
            // A name that PATH resolves would run another program under another account.
            guard program.hasPrefix("/") || program.hasPrefix("${hooks}/") || program == "vaultwatch" else {
                errors.add(
                    nodes[0].position,
                    "run: expected the program's absolute path, one below ${hooks}, or vaultwatch; found \"\(program)\""
                )
                return nil
            }
            return texts
        }

        private func condition(_ node: Node?, _ key: String) -> Condition? {
            guard let node, let text = text(node, key) else { return nil }
            do {
                let expanded = try DrillPlaceholders.samples.expand(text, .promQL)
                _ = try Expression.parse(expanded)
            } catch let error as ParseError {
                errors.add(node.position, "\(key): \(error.line):\(error.column) of the expression: \(error.message)")
                return nil
            } catch {
                errors.add(node.position, "\(key): \(error)")
                return nil
            }
            return Condition(expression: text, position: node.position)
        }

        private func matchers(_ nodes: [Node], _ key: String) -> [String] {
            bounded(nodes, key).compactMap { node in
                guard let text = text(node, key) else { return nil }
                do {
                    let matchers = try MatcherSyntax.parse(try DrillPlaceholders.samples.expand(text, .promQL))
                    guard matchers.contains(where: { !$0.matches("") }) else {
                        errors.add(node.position, "\(key): at least one matcher must not match the empty string")
                        return nil
                    }
                    return text
                } catch {
                    errors.add(node.position, "\(key): \(error)")
                    return nil
                }
            }
        }

        /// A text within its limit, whose placeholders exist.
        private func text(_ node: Node?, _ key: String) -> String? {
            guard let node else { return nil }
            guard let text = node.scalar, !text.isEmpty, text.utf8.count <= textLimitBytes,
                !text.utf8.contains(0)
            else {
                errors.add(
                    node.position,
                    "\(key): expected text of 1 to \(textLimitBytes) bytes, found \(node.scalar?.isEmpty == true ? "nothing" : node.kind)"
                )
                return nil
            }
            do {
                _ = try DrillPlaceholders.samples.expand(text)
                return text
            } catch {
                errors.add(node.position, "\(key): \(error)")
                return nil
            }
        }

        private func duration(_ fields: inout Fields, _ key: String, atMost limit: Duration = timeoutLimit)
            -> Duration?
        {
            fields.parsed(key, expected: "a duration from 0s to \(limit.prometheusDescription) such as 30m") { text in
                Duration(prometheus: text).flatMap { $0 <= limit ? $0 : nil }
            }
        }

        private func bounded(_ nodes: [Node], _ key: String) -> [Node] {
            guard nodes.count > stepLimit else { return nodes }
            errors.add(nodes[stepLimit].position, "\(key): expected at most \(stepLimit) entries")
            return []
        }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= nameLimitBytes && text.first != "-"
            && text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || "-_".contains($0)) }
    }
}

extension DrillScenario.Condition {
    /// The metrics that it reads, sorted.
    package var metricNames: [String] {
        let text = (try? DrillPlaceholders.samples.expand(expression, .promQL)) ?? expression
        return Set((try? Expression.parse(text))?.selectors.compactMap(\.name) ?? []).sorted()
    }
}
