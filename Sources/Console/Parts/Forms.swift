import Alerts
import Samples
import Text
import Web

/// Forms that make changes: they work without a script and carry their user's token. A user without permission gets a
/// link to the login instead of a button.
extension HTML {
    /// Appends `<form method=post …>` with its token, a body, and `</form>`.
    /// - Parameter action: the form's address, without a query.
    mutating func form(_ action: Address, _ attributes: StaticString = "", _ body: (inout HTML) -> Void) {
        markup("<form method=post action=\"")
        href(action)
        markup("\"")
        markup(attributes)
        markup("><input type=hidden name=token value=\"")
        text(context.token(action.text))
        markup("\">")
        body(&self)
        markup("</form>")
    }

    /// Appends a form with a single button.
    /// - Parameters:
    ///   - attributes: of the button, each preceded by a space.
    mutating func button(_ action: Address, _ icon: Icon?, _ word: String, _ attributes: StaticString) {
        guard context.mayChange else {
            begin(Address("login", query: [("next", context.target)]), attributes)
            if let icon { self.icon(icon) }
            markup(" ")
            text(word)
            return markup("</a>")
        }
        form(action) { page in
            page.markup("<button")
            page.markup(attributes)
            page.markup(">")
            if let icon { page.icon(icon) }
            page.markup(" ")
            page.text(word)
            page.markup("</button>")
        }
    }
}

/// The actions on an incident.
struct IncidentActions {
    let view: IncidentView

    private var record: IncidentRecord { view.record }
    private var address: Address { record.address }

    /// The buttons in the band.
    /// - Parameter isPage: whether they are on the incident's own page.
    func band(_ page: inout HTML, isPage: Bool) {
        if record.isOpen, record.acknowledgement == nil { acknowledge(" class=\"btn main\" data-key=a", &page) }
        if isPage {
            if record.acknowledgement != nil {
                link(
                    Address("incidents", "\(record.number)", fragment: "note"), .note, "Add a note",
                    " class=\"btn main\"", &page)
            }
            if record.isOpen { silence(" class=btn data-key=s", &page) }
            link(Address("incidents", "\(record.number).md"), .copy, "Copy as Markdown", " class=btn data-copy", &page)
        } else {
            page.begin(address, " class=btn")
            page.markup("Open incident ")
            page.icon(.arrow)
            page.markup("</a>")
        }
    }

    /// The action bar at the bottom of a phone's screen.
    func bar(_ page: inout HTML) {
        guard record.isOpen else { return }
        if record.acknowledgement == nil { acknowledge(" class=\"btn go\"", &page) }
        silence(" class=btn", &page)
        link(Address("incidents", "\(record.number)", fragment: "note"), .note, "Note", " class=btn", &page)
    }

    private func acknowledge(_ attributes: StaticString, _ page: inout HTML) {
        page.button(Address("incidents", "\(record.number)", "acknowledge"), .person, "Acknowledge", attributes)
    }

    private func silence(_ attributes: StaticString, _ page: inout HTML) {
        link(IncidentActions.silence(record), .silenced, "Silence", attributes, &page)
    }

    /// The form of a new silence, filled in with the cause's labels.
    static func silence(_ record: IncidentRecord) -> Address {
        let labels = record.cause?.alert.labels.pairs.prefix(20) ?? []
        let matchers = labels.map { "\($0.name)=\($0.value.quotedAsInGo)" }.joined(separator: ",")
        return Address(
            "silences", "new", query: [("matchers", "{" + matchers + "}"), ("incident", String(record.number))])
    }

    private func link(
        _ address: Address, _ icon: Icon, _ word: String, _ attributes: StaticString, _ page: inout HTML
    ) {
        page.begin(address, attributes)
        page.icon(icon)
        page.markup(" ")
        page.text(word)
        page.markup("</a>")
    }
}
