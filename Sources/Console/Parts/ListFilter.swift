import Text

/// The filter of a list: a form that requests the same page, so that the URL contains the filter.
extension HTML {
    /// Appends the form with its button.
    mutating func filter(_ fields: (inout HTML) -> Void) {
        part("filter", "<form class=filter role=search", "</form>") { page in
            fields(&page)
            page.markup("<button class=btn>Show</button>")
        }
    }

    /// Appends a select element, with `all` for no selection.
    /// - Parameters:
    ///   - share: maximum size of the choices in bytes; the selected one is never left out.
    ///   - words: a choice as people read it, if that differs from its value.
    mutating func choice(
        _ name: StaticString, _ label: String, _ value: String, _ choices: [String], share: Int = HTML.fullBytes,
        words: (String) -> String = { $0 }
    ) {
        fieldLabel(name, label)
        markup("<select id=\"f-")
        markup(name)
        markup("\" name=\"")
        markup(name)
        markup("\"><option value=\"\">all</option>")
        func option(_ choice: String, _ page: inout HTML) {
            page.markup("<option")
            if words(choice) != choice { page.element(" value=\"", choice, "\"") }
            if choice == value { page.markup(" selected") }
            page.element(">", words(choice), "</option>")
        }
        let shown = items(choices, limit: 200, share: share) { option($0, &$1) }
        if choices.dropFirst(shown).contains(value) { option(value, &self) }
        markup("</select></p>")
    }

    /// Appends a field for a time in the page's zone.
    /// - Parameters:
    ///   - written: as in the URL; what is no time is left as it is.
    ///   - isEnd: whether a day stands for its end.
    mutating func moment(_ name: StaticString, _ label: String, _ written: String, isEnd: Bool = false) {
        let clock = context.clock
        fieldLabel(name, "\(label), in \(clock.abbreviation)")
        markup("<input type=datetime-local step=1 id=\"f-")
        markup(name)
        markup("\" name=\"")
        markup(name)
        markup("\" value=\"")
        let time = clock.time(written: written, isEnd: isEnd)
        text(time.map { clock.fieldText($0, isExact: true) } ?? written)
        markup("\"></p>")
    }

    /// Appends a text field of at most 200 characters.
    mutating func search(_ name: StaticString, _ label: String, _ value: String) {
        fieldLabel(name, label)
        markup("<input type=search id=\"f-")
        markup(name)
        markup("\" name=\"")
        markup(name)
        markup("\" maxlength=200 value=\"")
        text(value)
        markup("\"></p>")
    }

    private mutating func fieldLabel(_ name: StaticString, _ label: String) {
        markup("<p class=field><label for=\"f-")
        markup(name)
        element("\">", label, "</label>")
    }

    /// Appends `<div class=scroll …><table …>` with the column headers, up to the body; the caller appends
    /// `</tbody></table></div>`.
    /// - Parameters:
    ///   - label: the table's description, for screen readers.
    ///   - heads: `<th>…` of each column.
    mutating func beginTable(_ label: String, _ heads: StaticString) {
        markup("<div class=scroll tabindex=0 role=group aria-label=\"")
        text(label)
        markup("\"><table class=wide><thead><tr>")
        markup(heads)
        markup("</thead><tbody>")
    }
}
