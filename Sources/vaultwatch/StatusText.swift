import Web

/// The status as text for terminals of 80 or more columns.
struct StatusText {
    let colour: Bool

    func render(_ status: EstateStatus) -> String {
        var blocks: [String] = []
        for section in status.sections {
            var lines = [bold(section.title) + (section.summary.isEmpty ? "" : "  " + section.summary)]
            let width = section.targets.map(\.name.count).max() ?? 0
            let states = section.targets.map(\.state.count).max() ?? 0
            for target in section.targets {
                let pad = String(repeating: " ", count: width - target.name.count)
                let gap = String(repeating: " ", count: states - target.state.count)
                lines.append(
                    "  \(mark(target.health)) \(target.name)\(pad)  \(target.state)\(gap)  \(target.lastError ?? target.detail)"
                )
                lines += target.warnings.map { "      ! \($0)" }
            }
            blocks.append(lines.joined(separator: "\n"))
        }
        if !status.alerts.isEmpty {
            var lines = [bold("Alerts")]
            for alert in status.alerts {
                let state = alert.suppressedBy.map { "\(alert.state), \($0);" } ?? alert.state
                lines.append("  \(alert.severity)  \(alert.name) (\(state) since \(alert.since)): \(alert.summary)")
                if !alert.action.isEmpty { lines.append("      → \(alert.action)") }
            }
            blocks.append(lines.joined(separator: "\n"))
        }
        let failing = status.receivers.filter { $0.health != .ok }
        if !failing.isEmpty {
            blocks.append(
                ([bold("Failing receivers")]
                    + failing.map {
                        "  \(mark($0.health)) \($0.name) \($0.integration): \($0.waiting) waiting; \($0.lastError ?? "")"
                    }).joined(separator: "\n"))
        }
        blocks.append("\(mark(status.health)) \(status.health.rawValue)")
        return blocks.joined(separator: "\n\n")
    }

    private func bold(_ text: String) -> String { colour ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

    private func mark(_ health: EstateStatus.Health) -> String {
        let (sign, code) =
            switch health {
            case .ok: ("ok  ", 32)
            case .warning: ("WARN", 33)
            case .critical: ("CRIT", 31)
            case .unknown: ("????", 35)
            }
        return colour ? "\u{1b}[\(code)m\(sign)\u{1b}[0m" : sign
    }
}
