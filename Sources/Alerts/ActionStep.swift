import Text

/// One step of an annotation `action`: a sentence, with its commands set apart so that they can be copied.
package struct ActionStep: Sendable, Hashable {
    /// What is to be done, without a colon at the end if commands follow.
    package var title: String
    /// Command lines.
    package var commands: [String]

    /// A step without commands unless given.
    package init(title: String, commands: [String] = []) {
        self.title = title
        self.commands = commands
    }

    /// The first words of commands.
    private static let programs: Set<String> = [
        "ssh", "psql", "vault", "vaultwatch", "systemctl", "journalctl", "aws", "amtool", "promtool", "pg_ctlcluster",
        "sudo", "curl", "openssl", "dig", "chronyc", "pgbackrest",
    ]

    /// The steps of an action such as `Start it: ssh pg-1 systemctl start postgresql. Else promote pg-2.`: one for each
    /// sentence, six at most; text after a colon that begins with a program's name is a command.
    package static func steps(of action: String) -> [ActionStep] {
        sentences(action).prefix(6).map { sentence in
            guard let (head, command) = split(sentence) else { return ActionStep(title: sentence) }
            return ActionStep(title: head, commands: [command])
        }
    }

    private static func split(_ sentence: String) -> (head: String, command: String)? {
        var rest = sentence[...]
        while let colon = rest.firstRange(of: ": ") {
            let command = rest[colon.upperBound...]
            if programs.contains(String(command.prefix { $0 != " " })) {
                return (String(sentence[..<colon.lowerBound]), command.dropLastStop)
            }
            rest = command
        }
        return nil
    }

    /// Split at full stops before a capital letter, outside quotes.
    private static func sentences(_ text: String) -> [String] {
        var sentences: [String] = []
        var current = ""
        var quote: Character?
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            current.append(character)
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"", index == 0 || characters[index - 1] == " " {
                quote = character
            }
            guard quote == nil, character == ".", index + 2 < characters.count, characters[index + 1] == " ",
                characters[index + 2].isUppercase
            else { continue }
            sentences.append(current.trimmingSpaces)
            current = ""
        }
        let last = current.trimmingSpaces
        return last.isEmpty ? sentences : sentences + [last]
    }
}
