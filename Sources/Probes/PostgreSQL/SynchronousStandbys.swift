/// What `synchronous_standby_names` asks for. Source: PostgreSQL manual, "synchronous_standby_names".
struct SynchronousStandbys: Sendable, Hashable {
    /// How many standbys must confirm each commit.
    var wanted: Int
    /// How many are named; nil where `*` stands for all.
    var named: Int?

    /// Reads `FIRST 2 (a, b, c)`, `ANY 1 (*)`, `1 (a, b)` and `a, b`, where one must confirm.
    /// - Returns: nil where there are none, or where it cannot be read: the server takes nothing else.
    init?(_ setting: String) {
        var words = SynchronousStandbys.words(setting)[...]
        guard !words.isEmpty else { return nil }
        var wanted = 1
        if words.last == ")" {
            words.removeLast()
            guard let open = words.firstIndex(of: "(") else { return nil }
            // A word before the number: FIRST or ANY, in any case of letters.
            guard let number = words[..<open].last.flatMap({ Int($0) }), number > 0 else { return nil }
            wanted = number
            words = words[words.index(after: open)...]
        }
        let names = words.filter { $0 != "," }
        guard !names.isEmpty, !names.contains("("), !names.contains(")") else { return nil }
        self.wanted = wanted
        named = names.contains("*") ? nil : names.count
    }

    /// Names, numbers, parentheses and commas; a quoted name stays one word, with its quotes, so that it is no sign.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        func end() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
                word.append(character)
            } else if isQuoted {
                word.append(character)
            } else if character == "(" || character == ")" || character == "," {
                end()
                words.append(String(character))
            } else if character.isWhitespace {
                end()
            } else {
                word.append(character)
            }
        }
        end()
        return words
    }
}
