package import Samples

extension RouteTree {
    /// The whole tree as `amtool config routes show` draws it.
    package func show() -> String {
        "Routing tree:\n"
            + draw(Set(nodes.indices)) { ($0.continues ? "  continue: true" : "") + "  receiver: " + $0.receiver }
    }

    /// The routes that an alert with these labels takes, as `amtool config routes test --tree` draws them: receivers
    /// are shown where the alert ends up.
    package func show(matching labels: Labels) -> String {
        let ends = Set(matching(labels).map(\.index))
        var kept = ends
        // Parents come before their children.
        for node in nodes.reversed() where !kept.isDisjoint(with: node.children) { kept.insert(node.index) }
        return "Matching routes:\n" + draw(kept) { ends.contains($0.index) ? "  receiver: " + $0.receiver : "" }
    }

    /// The receivers of an alert with these labels, each once, in the order of the tree.
    package func receivers(of labels: Labels) -> [String] {
        var seen: Set<String> = []
        return matching(labels).map(\.receiver).filter { seen.insert($0).inserted }
    }

    private func draw(_ kept: Set<Int>, _ more: (Node) -> String) -> String {
        var lines = ["."]
        func add(_ index: Int, _ indent: String, last: Bool) {
            let node = nodes[index]
            let name =
                index == 0 ? "default-route" : "{" + node.matchers.map(\.description).joined(separator: ",") + "}"
            lines.append(indent + (last ? "└── " : "├── ") + name + more(node))
            let children = node.children.filter(kept.contains)
            for (index, child) in children.enumerated() {
                // Non-breaking spaces after the bar, as in amtool's drawing.
                add(child, indent + (last ? "    " : "│\u{a0}\u{a0} "), last: index == children.count - 1)
            }
        }
        add(0, "", last: true)
        return lines.joined(separator: "\n") + "\n"
    }
}
