import Text

/// A URL of this console: path, query and fragment, all percent-encoded.
struct Address: Sendable, Hashable {
    /// `/incidents/318?kind=state#notes`, without the prefix of `external_url`.
    let text: String

    /// - Parameters:
    ///   - segments: path segments; a slash within one is kept, since target names contain slashes.
    ///   - query: items with an empty value are left out.
    ///   - fragment: the id of an element on the page.
    init(_ segments: String..., query: [(name: String, value: String)] = [], fragment: String = "") {
        var text = segments.isEmpty ? "/" : ""
        for segment in segments { text += "/" + PercentCoding.encode(segment, keepingSlashes: true) }
        var separator = "?"
        for (name, value) in query where !value.isEmpty {
            text += separator + PercentCoding.encode(name) + "=" + PercentCoding.encode(value)
            separator = "&"
        }
        if !fragment.isEmpty { text += "#" + PercentCoding.encode(fragment) }
        self.text = text
    }

    /// The start page.
    static let overview = Address()
    /// The list of incidents.
    static let incidents = Address("incidents")
    /// The map of the estate.
    static let estate = Address("estate")

    /// The page of an incident.
    /// - Parameter reference: its number, or the fingerprint of its alert if it has no number.
    static func incident(_ reference: String, fragment: String = "") -> Address {
        Address("incidents", reference, fragment: fragment)
    }

    /// The page of a target.
    /// - Parameters:
    ///   - kind: `vault_node` and the like.
    ///   - name: `prod/vault-1`.
    static func target(kind: String, name: String) -> Address { Address("estate", kind, name) }

    /// The runbook of an alert, filled in with its labels.
    static func runbook(_ alert: String, _ labels: [(name: String, value: String)] = []) -> Address {
        Address("runbooks", alert, query: labels)
    }

    /// The query page with the graph of an expression.
    static func query(_ expression: String) -> Address { Address("query", query: [("expr", expression)]) }
}
