package import Samples

/// The routing tree with inheritance resolved and a key for each node.
package struct RouteTree: Sendable {
    /// A route with everything that it inherits.
    package struct Node: Sendable {
        /// Its position in `nodes`; the root is 0.
        package let index: Int
        /// The matchers from the root down, `{}/{severity="critical"}`: the first part of every group key. Siblings
        /// with equal matchers get `#2` and so on appended, so that no two groups share a key; over a reload and a
        /// restart each keeps its own while a group has it.
        package let key: String
        /// The receiver of its groups.
        package let receiver: String
        /// All must match.
        package let matchers: [Matcher]
        /// Whether later siblings are tried too once it has matched.
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
        /// The key of its parent; empty for the root.
        fileprivate let parentKey: String

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
        self.init(root, previous: nil, groups: [])
    }

    /// The same, but siblings with equal matchers keep the keys that they had: otherwise removing one would orphan the
    /// incidents of those after it.
    /// - Parameters:
    ///   - previous: the tree before a reload.
    ///   - groups: the groups that receivers were notified of.
    init(_ root: Route, previous: RouteTree?, groups: Set<GroupID>) {
        let used = groups.filter { $0.key.contains("#") || previous != nil }
        add(root, parent: nil, key: "{" + RouteTree.matchersText(root) + "}", Past(previous: previous, groups: used))
    }

    /// What determines which keys siblings with equal matchers get.
    private struct Past {
        let previous: RouteTree?
        let groups: Set<GroupID>

        /// Whether a receiver was notified of groups of the route with this key, or of one below it.
        func isInUse(_ key: String, by receiver: String) -> Bool {
            groups.contains {
                $0.receiver == receiver && $0.key.hasPrefix(key + ":{") || $0.key.hasPrefix(key + "/{")
            }
        }
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

    private static func matchersText(_ route: Route) -> String {
        route.matchers.sorted(by: precedes).map(\.description).joined(separator: ",")
    }

    @discardableResult
    private mutating func add(_ route: Route, parent: Node?, key: String, _ past: Past) -> Int {
        let index = nodes.count
        let node = RouteTree.node(route, parent, index, key)
        nodes.append(node)
        let keys = RouteTree.keys(of: route.routes, below: node, past)
        for (child, key) in zip(route.routes, keys) {
            let made = add(child, parent: node, key: key, past)
            nodes[index].children.append(made)
        }
        return index
    }

    /// The keys of siblings, each of them unique.
    private static func keys(of routes: [Route], below parent: Node, _ past: Past) -> [String] {
        var keys = routes.map { parent.key + "/{" + matchersText($0) + "}" }
        let twins = Dictionary(grouping: keys.indices, by: { keys[$0] })
        for (base, indices) in twins where indices.count > 1 || past.previous != nil || !past.groups.isEmpty {
            let made = indices.map { node(routes[$0], parent, 0, base) }
            let old = past.previous?.nodes.filter { $0.parentKey == parent.key && isTwin($0.key, of: base) } ?? []
            let candidates = [base] + (2...(indices.count + 8)).map { "\(base)#\($0)" }
            var given: [Int: String] = [:]
            func give(_ choose: (Node, _ free: [String]) -> String?) {
                for (position, node) in made.enumerated() where given[position] == nil {
                    let free = candidates.filter { !given.values.contains($0) }
                    if let key = choose(node, free) { given[position] = key }
                }
            }
            // First a route that is unchanged; then one that still has its receiver; then one whose receiver has used
            // the key.
            give { node, free in old.first { node.isSame(as: $0) && free.contains($0.key) }?.key }
            give { node, free in
                old.first {
                    node.receiver == $0.receiver && free.contains($0.key) && past.isInUse($0.key, by: node.receiver)
                }?
                .key
            }
            give { node, free in free.first { past.isInUse($0, by: node.receiver) } }
            give { _, free in free.first }
            for (position, index) in indices.enumerated() { keys[index] = given[position] ?? base }
        }
        return keys
    }

    /// Whether two keys differ only in the number at the end.
    private static func isTwin(_ key: String, of base: String) -> Bool {
        guard key.hasPrefix(base) else { return false }
        let rest = key.dropFirst(base.count)
        return rest.isEmpty || rest.first == "#" && rest.dropFirst().allSatisfy(\.isNumber)
    }

    private static func node(_ route: Route, _ parent: Node?, _ index: Int, _ key: String) -> Node {
        Node(
            index: index, key: key, receiver: route.receiver ?? parent?.receiver ?? "",
            matchers: route.matchers.sorted(by: precedes),
            continues: route.continues,
            groupBy: route.groupBy ?? parent?.groupBy ?? .labels([]),
            groupWait: route.groupWait ?? parent?.groupWait ?? .seconds(30),
            // Never zero: a group must not be flushed twice in one step.
            groupInterval: max(route.groupInterval ?? parent?.groupInterval ?? .seconds(300), .milliseconds(1)),
            repeatInterval: route.repeatInterval ?? parent?.repeatInterval ?? .seconds(4 * 3600),
            muteTimeIntervals: route.muteTimeIntervals, activeTimeIntervals: route.activeTimeIntervals, children: [],
            parentKey: parent?.key ?? "")
    }

    /// Alertmanager's order of matchers: name, value, then the operator.
    private static func precedes(_ a: Matcher, _ b: Matcher) -> Bool {
        let order: [Matcher.Operation] = [.equal, .notEqual, .matches, .notMatches]
        if a.name != b.name { return a.name < b.name }
        if a.value != b.value { return a.value < b.value }
        return order.firstIndex(of: a.operation) ?? 0 < order.firstIndex(of: b.operation) ?? 0
    }
}

extension RouteTree.Node {
    /// Whether two nodes differ in their position only.
    fileprivate func isSame(as other: RouteTree.Node) -> Bool {
        receiver == other.receiver && groupBy == other.groupBy && continues == other.continues
            && groupWait == other.groupWait && groupInterval == other.groupInterval
            && repeatInterval == other.repeatInterval && muteTimeIntervals == other.muteTimeIntervals
            && activeTimeIntervals == other.activeTimeIntervals
    }
}
