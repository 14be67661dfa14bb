import Alerts
import Text

/// What to do, in order: each step is a sentence, with its commands set apart so that they can be copied.
struct Steps {
    /// A piece of a sentence.
    enum Span: Sendable, Hashable {
        case text(String)
        case code(String)
        case link(String, to: Address)
    }

    /// What follows a step's title.
    enum Block: Sendable, Hashable {
        case text([Span])
        /// One line for a shell, or several.
        case command(String)
    }

    /// One step.
    struct Step: Sendable, Hashable {
        var title: [Span]
        var blocks: [Block] = []
    }

    let steps: [Step]

    func render(_ page: inout HTML) {
        page.markup("<ol class=steps>")
        for (index, step) in steps.enumerated() {
            page.markup(index == 0 ? "<li class=now><div><h3>" : "<li><div><h3>")
            Steps.write(step.title, limit: 400, &page)
            page.markup("</h3>")
            for block in step.blocks {
                switch block {
                case .text(let spans):
                    page.markup("<p>")
                    Steps.write(spans, limit: 600, &page)
                    page.markup("</p>")
                case .command(let command): Steps.command(command, &page)
                }
            }
            page.markup("</div></li>")
        }
        page.markup("</ol>")
    }

    /// - Parameter limit: of all pieces together, in characters.
    private static func write(_ spans: [Span], limit: Int, _ page: inout HTML) {
        var left = limit
        for span in spans where left > 0 {
            switch span {
            case .text(let text):
                page.text(text, limit: left)
                left -= text.count
            case .code(let text):
                page.markup("<code>")
                page.text(text, limit: left)
                page.markup("</code>")
                left -= text.count
            case .link(let text, let address):
                page.begin(address)
                page.text(text, limit: left)
                page.markup("</a>")
                left -= text.count
            }
        }
    }

    /// Selected as a whole by a click; the script adds a button.
    static func command(_ command: String, _ page: inout HTML) {
        page.markup(command.contains("\n") ? "<div class=cmd><code class=pre>" : "<div class=cmd><code>")
        page.text(command, limit: 2000)
        page.markup("</code></div>")
    }

    // MARK: From an annotation

    /// The steps of an annotation `action`.
    static func steps(of action: String) -> [Step] {
        ActionStep.steps(of: action).map { step in
            Step(title: [.text(step.title)], blocks: step.commands.map { .command($0) })
        }
    }
}
