package import Samples
import Text

/// Which receivers get which alerts under another routing tree, and when.
package struct RoutingDiff: Sendable {
    /// An alert whose routing changes.
    package struct Change: Sendable, Hashable {
        /// The alert's labels.
        package var labels: Labels
        /// Its current routing, one text for each route that it takes: `pager`, `ops (group_wait 10s)`.
        package var before: [String]
        /// Its new routing.
        package var after: [String]

        /// `VaultSealed{severity="critical"}: ops → pager, ops`
        package var description: String {
            let rest = labels.dropping(["alertname"])
            let name = (labels["alertname"] ?? "") + (rest.isEmpty ? "" : rest.description)
            return "\(name): \(before.joined(separator: ", ")) → \(after.joined(separator: ", "))"
        }
    }

    /// The number of alerts compared.
    package private(set) var count = 0
    /// Alerts whose routing changes, in the order of the labels.
    package private(set) var changes: [Change] = []

    /// - Parameter alerts: the labels of alerts; equal ones count once.
    package init(from old: RouteTree, to new: RouteTree, over alerts: [Labels]) {
        for labels in Set(alerts).sorted() {
            count += 1
            let (before, after) = (old.matching(labels), new.matching(labels))
            // Show only the settings that differ.
            let isSameWay = before.map(\.receiver) == after.map(\.receiver)
            let texts = { (nodes: [RouteTree.Node], others: [RouteTree.Node]) in
                nodes.enumerated().map { index, node in
                    isSameWay ? RoutingDiff.text(node, unlike: others[index]) : node.receiver
                }
            }
            let change = Change(labels: labels, before: texts(before, after), after: texts(after, before))
            if change.before != change.after { changes.append(change) }
        }
    }

    /// The receiver, and those settings that differ from the other route's.
    private static func text(_ node: RouteTree.Node, unlike other: RouteTree.Node) -> String {
        let differing = zip(settings(node), settings(other)).filter { $0.1 != $1.1 }.map { "\($0.0.0) \($0.0.1)" }
        return differing.isEmpty ? node.receiver : "\(node.receiver) (\(differing.joined(separator: ", ")))"
    }

    private static func settings(_ node: RouteTree.Node) -> [(String, String)] {
        func words(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: "+") }
        let groups =
            switch node.groupBy {
            case .all: "..."
            case .labels(let names): words(names.sorted())
            }
        return [
            ("group_by", groups), ("group_wait", node.groupWait.prometheusDescription),
            ("group_interval", node.groupInterval.prometheusDescription),
            ("repeat_interval", node.repeatInterval.prometheusDescription),
            ("mute_time_intervals", words(node.muteTimeIntervals)),
            ("active_time_intervals", words(node.activeTimeIntervals)),
        ]
    }
}
