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

    /// The steps of an annotation `action`.
    static func steps(of action: String) -> [Step] {
        ActionStep.steps(of: action).map { Step(title: $0.title, commands: $0.commands) }
    }
}

extension String {
    /// Without leading and trailing spaces.
    var trimmingSpaces: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
