import Text

/// What a scenario's texts may name of the estate: `${cluster}`. There are no others; a program that needs more is given
/// it by its hook.
package enum DrillPlaceholder: String, Sendable, Hashable, CaseIterable {
    /// The cluster that is drilled.
    case cluster
    /// Its active node when the drill began, by the name that the agent's configuration gives it.
    case active
    /// A standby of it at that time, the first by name.
    case standby
    /// The service that `--service` names.
    case service
    /// The folder of the operator's own programs.
    case hooks
    /// The drill's id, `DR-2026-11-24-node-failure-prod`.
    case drill
}

/// The values of the placeholders for one run.
package struct DrillPlaceholders: Sendable, Hashable {
    /// Each value; one without a value can't be used by this run.
    package var values: [DrillPlaceholder: String]

    /// Values for checking a file, not for running it.
    package static let samples = DrillPlaceholders([
        .cluster: "cluster", .active: "node-1", .standby: "node-2", .service: "mail",
        .hooks: "/etc/vaultwatch/drill-hooks",
        .drill: "DR-2026-01-01-scenario-cluster",
    ])

    /// The values of a run.
    package init(_ values: [DrillPlaceholder: String]) { self.values = values }

    /// Why a text can't be expanded.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong.
        package let description: String
    }

    /// How a value is written into a text.
    enum Quoting {
        /// As it is: an argument of a program, or words for a human.
        case none
        /// Within the quotes of a PromQL string.
        case promQL
    }

    /// The text with values for placeholders.
    /// - Throws: `Failure` for a placeholder that is unknown or has no value.
    func expand(_ text: String, _ quoting: Quoting = .none) throws(Failure) -> String {
        var out = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${") {
            out += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw Failure(description: "\"${\" without a closing \"}\"")
            }
            let name = String(rest[start.upperBound..<end])
            guard let placeholder = DrillPlaceholder(rawValue: name) else {
                let known = DrillPlaceholder.allCases.map { "${\($0.rawValue)}" }.joined(separator: ", ")
                throw Failure(description: "unknown placeholder \"${\(name)}\"; expected one of \(known)")
            }
            guard let value = values[placeholder] else {
                throw Failure(
                    description: placeholder == .service
                        ? "the scenario needs a service; name it with --service"
                        : "the agent knows no value for \"${\(name)}\"")
            }
            switch quoting {
            case .none: out += value
            case .promQL: out += value.quotedAsInGo.dropFirst().dropLast()
            }
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }

    /// The arguments of a program. A name that the program would take for an option is refused.
    /// - Throws: `Failure`.
    func arguments(_ texts: [String]) throws(Failure) -> [String] {
        var out: [String] = []
        for text in texts {
            let value = try expand(text)
            if text.hasPrefix("${"), value.hasPrefix("-") {
                throw Failure(description: "\(value.quotedAsInGo) would be taken for an option of the program")
            }
            out.append(value)
        }
        return out
    }
}
