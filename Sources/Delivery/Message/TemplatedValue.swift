/// A value of the configuration whose texts are Go templates, to be inserted into a JSON body: PagerDuty's `details`, a
/// webhook's `payload`. Source: Alertmanager's configuration, <pagerduty_config>, <webhook_config>.
package indirect enum TemplatedValue: Sendable, Hashable {
    case text(String)
    case list([TemplatedValue])
    /// In the order of the configuration.
    case object([Member])

    /// A member of an object; names are not templates.
    package struct Member: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: TemplatedValue
        /// A member.
        package init(name: String, value: TemplatedValue) {
            self.name = name
            self.value = value
        }
    }

    /// Expands the texts.
    func json(_ expand: (String) -> String) -> JSON {
        switch self {
        case .text(let template): .string(expand(template))
        case .list(let items): .array(items.map { $0.json(expand) })
        case .object(let members): .members(members.map { ($0.name, $0.value.json(expand)) })
        }
    }
}

extension TemplatedValue: ExpressibleByStringLiteral {
    /// A template.
    package init(stringLiteral text: String) { self = .text(text) }
}
