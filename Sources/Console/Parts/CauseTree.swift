import Alerts
import Samples
import Text
import Web

/// The alerts of an incident as a tree: an explaining alert is above those it explains. Alerts of the same name under
/// one parent share a line.
struct CauseTree {
    /// Alerts of the same name with the same explaining alert.
    struct Node {
        /// Of the first of them.
        let member: IncidentMember
        let members: [IncidentMember]
        let depth: Int
        let children: [Node]

        /// `PostgresDown`, and its subjects: `pg-1`, `3 nodes` or `×2`.
        var name: String { member.alert.name }
        var which: String {
            if members.count == 1 { return member.alert.subject }
            let isNodes = members.allSatisfy { $0.alert.labels["node"] != nil }
            return isNodes ? Words.count(members.count, "node") : "×\(members.count)"
        }
        var startsAt: Timestamp { members.map(\.alert.startsAt).min() ?? member.alert.startsAt }
        /// Nil while one of them fires.
        var endsAt: Timestamp? {
            members.contains { $0.alert.endsAt == nil } ? nil : members.compactMap(\.alert.endsAt).max()
        }
        var severity: Severity { members.map(\.alert.severity).max() ?? .unknown }

        /// This node and its descendants, in drawing order.
        var flat: [Node] { [self] + children.flatMap(\.flat) }
    }

    let root: Node
    /// The cause's start; the other starts are shown relative to it.
    let start: Timestamp

    /// Its depth in the tree.
    private static let depthLimit = 4
    /// Maximum number of lines drawn.
    private static let rowLimit = 30

    /// Nil if the record has no alert.
    init?(_ record: IncidentRecord) {
        guard let cause = record.cause else { return nil }
        let others = record.consequences
        let known = Set(record.members.map(\.id))
        var byParent: [UInt64: [IncidentMember]] = [:]
        for member in others {
            // Alerts whose parent is missing are drawn below the cause.
            let parent = member.explainedBy.flatMap { known.contains($0) && $0 != member.id ? $0 : nil } ?? cause.id
            byParent[parent, default: []].append(member)
        }
        var seen: Set<UInt64> = [cause.id]
        root = CauseTree.node([cause], 0, byParent, &seen)
        start = record.startsAt
    }

    private static func node(
        _ members: [IncidentMember], _ depth: Int, _ byParent: [UInt64: [IncidentMember]], _ seen: inout Set<UInt64>
    ) -> Node {
        var groups: [(name: String, members: [IncidentMember])] = []
        if depth < depthLimit {
            for member in members.flatMap({ byParent[$0.id] ?? [] }) where seen.insert(member.id).inserted {
                if let index = groups.firstIndex(where: { $0.name == member.alert.name }) {
                    groups[index].members.append(member)
                } else {
                    groups.append((member.alert.name, [member]))
                }
            }
        }
        var children: [Node] = []
        for group in groups { children.append(node(group.members, depth + 1, byParent, &seen)) }
        children.sort { $0.startsAt < $1.startsAt }
        // Never empty: each group has a member.
        return Node(member: members[0], members: members, depth: depth, children: children)
    }

    func render(_ page: inout HTML) {
        page.markup("<ul class=tree>")
        var left = CauseTree.rowLimit
        item(root, &left, &page)
        page.markup("</ul>")
        let count = root.flat.count
        if count > CauseTree.rowLimit {
            page.element("<p class=quiet>", "and \(Words.count(count - CauseTree.rowLimit, "alert")) more", "</p>")
        }
    }

    /// - Parameter left: how many lines may still be drawn.
    private func item(_ node: Node, _ left: inout Int, _ page: inout HTML) {
        left -= 1
        page.markup("<li><div>")
        let hasEnded = node.endsAt != nil
        if hasEnded { page.mark(.good) } else { page.mark(Gravity(node.severity)) }
        page.markup(node.depth == 0 ? "<span class=root>" : "<span>")
        page.link(.runbook(node.name, node.member.alert.labels.runbookQuery), node.name)
        page.markup(" ")
        if !node.which.isEmpty { page.element("<small>", node.which, "</small>") }
        if hasEnded { page.markup(" <small>ended</small>") }
        page.markup("</span>")
        if node.depth == 0 {
            page.time(node.startsAt)
        } else {
            let offset = (node.startsAt - start).seconds
            page.element("<time>", (offset < 0 ? "" : "+") + Words.duration(offset), "</time>")
        }
        page.markup("</div>")
        if !node.children.isEmpty, left > 0 {
            page.markup("<ul>")
            for child in node.children where left > 0 { item(child, &left, &page) }
            page.markup("</ul>")
        }
        page.markup("</li>")
    }
}

extension Labels {
    /// The labels that a runbook is filled in with: all except the alert's name and severity.
    var runbookQuery: [(name: String, value: String)] {
        pairs.filter { !["alertname", "severity"].contains($0.name) }.prefix(12).map { ($0.name, $0.value) }
    }
}
