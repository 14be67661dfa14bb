/// The requirements of `synchronous_standby_names`. Source: PostgreSQL manual, "synchronous_standby_names".
struct SynchronousStandbys: Sendable, Hashable {
    /// How many standbys must confirm each commit.
    var wanted: Int
    /// How many standbys are named; nil if `*` stands for all.
    var named: Int?

    /// Parses `FIRST 2 (a, b, c)`, `ANY 1 (*)`, `1 (a, b)` and `a, b`, where one must confirm.
    /// - Returns: nil if the setting is empty or invalid; the server accepts no other forms.
    init?(_ setting: String) {
        var words = SynchronousStandbys.words(setting)[...]
        guard !words.isEmpty else { return nil }
        var wanted = 1
        if words.last == ")" {
            words.removeLast()
            guard let open = words.firstIndex(of: "(") else { return nil }
            // The number may follow a keyword: FIRST or ANY, in any case.
            guard let number = words[..<open].last.flatMap({ Int($0) }), number > 0 else { return nil }
            wanted = number
            words = words[words.index(after: open)...]
        }
        let names = words.filter { $0 != "," }
        guard !names.isEmpty, !names.contains("("), !names.contains(")") else { return nil }
        self.wanted = wanted
        named = names.contains("*") ? nil : names.count
    }

    /// Names, numbers, parentheses and commas; a quoted name stays one token, with its quotes, so that it is not taken
    /// for punctuation.
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
