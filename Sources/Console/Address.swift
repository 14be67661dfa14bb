import Text

/// An address of this console: a path, what is asked of it, and an anchor. Everything in it is percent-encoded.
struct Address: Sendable, Hashable {
    /// `/incidents/318?kind=state#notes`, without the prefix of `external_url`.
    let text: String

    /// - Parameters:
    ///   - segments: of the path; a slash within one is kept, as in names of targets.
    ///   - query: items with an empty value are left out.
    ///   - fragment: the id of a part.
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

    /// The page that opens first.
    static let overview = Address()
    /// The list of incidents.
    static let incidents = Address("incidents")
    /// The map of the estate.
    static let estate = Address("estate")

    /// The page of an incident.
    /// - Parameter reference: its number, or the fingerprint of its alert where it has none.
    static func incident(_ reference: String, fragment: String = "") -> Address {
        Address("incidents", reference, fragment: fragment)
    }

    /// The page of a target.
    /// - Parameters:
    ///   - kind: `vault_node` and the like.
    ///   - name: `prod/vault-1`.
    static func target(kind: String, name: String) -> Address { Address("estate", kind, name) }

    /// The runbook of an alert, filled in for its labels.
    static func runbook(_ alert: String, _ labels: [(name: String, value: String)] = []) -> Address {
        Address("runbooks", alert, query: labels)
    }

    /// An expression's graph.
    static func query(_ expression: String) -> Address { Address("query", query: [("expr", expression)]) }
}
