import Samples

extension RouteTree {
    /// The whole tree as `amtool config routes show` draws it.
    package func show() -> String { "Routing tree:\n" + draw(Set(nodes.indices)) }

    /// Only what an alert with these labels goes through, as `amtool config routes test --tree` draws it.
    package func show(matching labels: Labels) -> String {
        var kept: Set<Int> = []
        for node in matching(labels) {
            var index: Int? = node.index
            while let place = index {
                kept.insert(place)
                index = nodes.firstIndex { $0.children.contains(place) }
            }
        }
        return "Matching routes:\n" + draw(kept)
    }

    /// The receivers that hear an alert with these labels, each once, in the order of the tree.
    package func receivers(of labels: Labels) -> [String] {
        var seen: Set<String> = []
        return matching(labels).map(\.receiver).filter { seen.insert($0).inserted }
    }

    private func draw(_ kept: Set<Int>) -> String {
        var lines = ["."]
        func add(_ index: Int, _ indent: String, last: Bool) {
            let node = nodes[index]
            let name = index == 0 ? "default-route" : "{" + node.matchers.map(\.description).joined(separator: ",") + "}"
            let more = node.continues ? "  continue: true" : ""
            lines.append(indent + (last ? "└── " : "├── ") + name + more + "  receiver: " + node.receiver)
            let children = node.children.filter(kept.contains)
            for (place, child) in children.enumerated() {
                add(child, indent + (last ? "    " : "│   "), last: place == children.count - 1)
            }
        }
        add(0, "", last: true)
        return lines.joined(separator: "\n") + "\n"
    }
}
