/// A line diff of expected and actual text: common lines once, the others prefixed with `-` and `+`.
enum LineDifference {
    static func text(_ expected: [String], _ got: [String], indent: Int) -> String {
        let change = got.difference(from: expected)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for step in change {
            switch step {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [String] = []
        var (i, j) = (0, 0)
        while i < expected.count || j < got.count {
            if i < expected.count, removed.contains(i) {
                lines.append("- " + expected[i])
                i += 1
            } else if j < got.count, inserted.contains(j) {
                lines.append("+ " + got[j])
                j += 1
            } else {
                lines.append("  " + got[j])
                (i, j) = (i + 1, j + 1)
            }
        }
        return lines.map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
    }
}
