package import Samples

/// The routing tree with inheritance resolved and a key for each node.
package struct RouteTree: Sendable {
    /// A route with everything that it inherits.
    package struct Node: Sendable {
        /// Its position in `nodes`; the root is 0.
        package let index: Int
        /// The matchers from the root down, `{}/{severity="critical"}`: the first part of every group key.
        /// Siblings with equal matchers get `#2` and so on behind theirs, so that no two groups share a key.
        package let key: String
        /// The receiver of its groups.
        package let receiver: String
        /// All must match.
        package let matchers: [Matcher]
        /// Whether the siblings below are tried too once it has matched.
        package let continues: Bool
        /// How its alerts form groups.
        package let groupBy: Route.GroupBy
        /// How long a new group waits for further alerts before its first message.
        package let groupWait: Duration
        /// The time between two flushes of a group; never zero.
        package let groupInterval: Duration
        /// The time after which a message about unchanged alerts is repeated.
        package let repeatInterval: Duration
        /// Names of time intervals in which it is muted.
        package let muteTimeIntervals: [String]
        /// Names of time intervals outside of which it is muted; none means never.
        package let activeTimeIntervals: [String]
        /// Positions of its children in `nodes`.
        package fileprivate(set) var children: [Int]

        /// The labels that identify an alert's group here.
        package func groupLabels(of labels: Labels) -> Labels {
            switch groupBy {
            case .all: labels
            case .labels(let names): labels.keeping(names)
            }
        }
    }

    /// All routes, each before its children.
    package private(set) var nodes: [Node] = []

    /// Alertmanager's defaults: 30 s, 5 min, 4 h, grouped by nothing.
    package init(_ root: Route) {
        add(root, parent: nil, siblings: [])
    }

    /// The root, whose receiver gets what no child matches.
    package var root: Node { nodes[0] }

    /// The routes that an alert takes: the deepest match of each branch, in the order of the tree; at least the root.
    package func matching(_ labels: Labels) -> [Node] {
        var found: [Node] = []
        descend(0, labels, &found)
        return found
    }

    private func descend(_ index: Int, _ labels: Labels, _ found: inout [Node]) {
        let before = found.count
        for child in nodes[index].children where nodes[child].matchers.allSatisfy({ $0.matches(labels) }) {
            descend(child, labels, &found)
            if !nodes[child].continues { break }
        }
        if found.count == before { found.append(nodes[index]) }
    }

    @discardableResult
    private mutating func add(_ route: Route, parent: Node?, siblings: [Int]) -> Int {
        let matchers = route.matchers.sorted(by: RouteTree.precedes)
        var key = (parent.map { $0.key + "/" } ?? "") + "{" + matchers.map(\.description).joined(separator: ",") + "}"
        let twins = siblings.filter { nodes[$0].matchers == matchers }.count
        if twins > 0 { key += "#\(twins + 1)" }
        let index = nodes.count
        let node = Node(
            index: index, key: key, receiver: route.receiver ?? parent?.receiver ?? "", matchers: matchers,
            continues: route.continues,
            groupBy: route.groupBy ?? parent?.groupBy ?? .labels([]),
            groupWait: route.groupWait ?? parent?.groupWait ?? .seconds(30),
            // Never zero: a group must not be flushed twice in one step.
            groupInterval: max(route.groupInterval ?? parent?.groupInterval ?? .seconds(300), .milliseconds(1)),
            repeatInterval: route.repeatInterval ?? parent?.repeatInterval ?? .seconds(4 * 3600),
            muteTimeIntervals: route.muteTimeIntervals, activeTimeIntervals: route.activeTimeIntervals, children: [])
        nodes.append(node)
        for child in route.routes {
            let made = add(child, parent: node, siblings: nodes[index].children)
            nodes[index].children.append(made)
        }
        return index
    }

    /// Alertmanager's order of matchers: name, value, then the operator.
    private static func precedes(_ a: Matcher, _ b: Matcher) -> Bool {
        let order: [Matcher.Operation] = [.equal, .notEqual, .matches, .notMatches]
        if a.name != b.name { return a.name < b.name }
        if a.value != b.value { return a.value < b.value }
        return order.firstIndex(of: a.operation) ?? 0 < order.firstIndex(of: b.operation) ?? 0
    }
}
