extension Character {
    /// The columns that terminals give it: 2 for East Asian wide characters and emoji, else 1. Source: UAX #11.
    var columns: Int {
        guard let first = unicodeScalars.first, first.value >= 0x1100 else { return 1 }
        let isWide =
            switch first.value {
            case 0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf,
                0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
                0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
                true
            default: false
            }
        return isWide || first.properties.isEmojiPresentation || unicodeScalars.contains("\u{fe0f}") ? 2 : 1
    }
}

extension String {
    /// The columns that it takes on a terminal.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text on one line, without what would steer the terminal: labels and errors come from outside.
    var onOneLine: String {
        guard contains(where: { Self.replacement($0) != nil }) else { return self }
        return String(map { Self.replacement($0) ?? $0 })
    }

    private static func replacement(_ character: Character) -> Character? {
        guard let first = character.unicodeScalars.first else { return nil }
        switch first.properties.generalCategory {
        case .control: return ["\n", "\t", "\r"].contains(first) ? " " : "\u{fffd}"
        case .lineSeparator, .paragraphSeparator: return " "
        // What changes the direction of writing would move the words after it.
        case .format: return "\u{fffd}"
        default: return nil
        }
    }

    /// Lines of at most `width` columns, broken at spaces where possible; nothing but spaces at breaks is left out.
    /// - Parameter width: nil leaves it on one line.
    func wrapped(to width: Int?) -> [String] {
        guard let width = width.map({ max($0, 2) }), columns > width else { return [self] }
        var lines: [String] = []
        var line: [Character] = []
        var used = 0
        /// After the last space of the line.
        var breakAt: Int?
        for character in self {
            while used + character.columns > width {
                if character == " " { break }
                let rest = breakAt.map { Array(line[$0...]) } ?? []
                lines.append(String.trimmed(line.prefix(breakAt ?? line.count)))
                line = rest
                used = rest.reduce(0) { $0 + $1.columns }
                breakAt = nil
            }
            // A line does not begin with the space at which the one before it was broken.
            if character == " ", line.isEmpty, !lines.isEmpty { continue }
            line.append(character)
            used += character.columns
            if character == " " { breakAt = line.count }
        }
        let last = String.trimmed(line[...])
        if !last.isEmpty || lines.isEmpty { lines.append(last) }
        return lines
    }

    private static func trimmed(_ line: ArraySlice<Character>) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return String(line)
    }

    /// Followed by spaces up to a width.
    func padded(to width: Int) -> String {
        let missing = width - columns
        return missing > 0 ? self + String(repeating: " ", count: missing) : self
    }

    /// Without spaces at its end.
    var withoutTrailingSpaces: String { String.trimmed(Array(self)[...]) }
}
