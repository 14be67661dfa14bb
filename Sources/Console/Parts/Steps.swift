import Alerts
import Text

/// What to do, in order: each step is a sentence, with its commands set apart so that they can be copied.
struct Steps {
    /// One step.
    struct Step: Sendable, Hashable {
        var title: String
        var detail = ""
        var commands: [String] = []
    }

    let steps: [Step]

    func render(_ page: inout HTML) {
        page.markup("<ol class=steps>")
        for (index, step) in steps.enumerated() {
            page.markup(index == 0 ? "<li class=now><div><h3>" : "<li><div><h3>")
            page.text(step.title, limit: 400)
            page.markup("</h3>")
            if !step.detail.isEmpty {
                page.markup("<p>")
                page.text(step.detail, limit: 600)
                page.markup("</p>")
            }
            for command in step.commands { Steps.command(command, &page) }
            page.markup("</div></li>")
        }
        page.markup("</ol>")
    }

    /// One line, selected as a whole by a click; the script adds a button.
    static func command(_ command: String, _ page: inout HTML) {
        page.markup("<div class=cmd><code>")
        page.text(command, limit: 1000)
        page.markup("</code></div>")
    }

    // MARK: From an annotation

    /// The first words of commands.
    private static let programs: Set<String> = [
        "ssh", "psql", "vault", "vaultwatch", "systemctl", "journalctl", "aws", "amtool", "promtool", "pg_ctlcluster",
        "sudo", "curl", "openssl", "dig", "chronyc", "pgbackrest",
    ]

    /// The steps of an annotation `action`, such as `Start it: ssh pg-1 systemctl start postgresql. Else promote
    /// pg-2.`: one step per sentence; text after a colon that begins with a program's name is a command.
    static func steps(of action: String) -> [Step] {
        sentences(action).prefix(6).map { sentence in
            guard let (head, command) = split(sentence) else { return Step(title: sentence) }
            return Step(title: head, commands: [command])
        }
    }

    private static func split(_ sentence: String) -> (head: String, command: String)? {
        var rest = sentence[...]
        while let colon = rest.firstRange(of: ": ") {
            let command = rest[colon.upperBound...]
            if programs.contains(String(command.prefix { $0 != " " })) {
                return (String(sentence[..<colon.lowerBound]), String(command).dropLastStop)
            }
            rest = rest[colon.upperBound...]
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

extension String {
    /// Without leading and trailing spaces.
    var trimmingSpaces: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
