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
    /// - Parameter words: a choice as people read it, if that differs from its value.
    mutating func choice(
        _ name: StaticString, _ label: String, _ value: String, _ choices: [String],
        words: (String) -> String = { $0 }
    ) {
        fieldLabel(name, label)
        markup("<select id=\"f-")
        markup(name)
        markup("\" name=\"")
        markup(name)
        markup("\"><option value=\"\">all</option>")
        for choice in choices {
            markup("<option")
            if words(choice) != choice { element(" value=\"", choice, "\"") }
            if choice == value { markup(" selected") }
            element(">", words(choice), "</option>")
        }
        markup("</select></p>")
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

    /// Appends the number of rows that are not shown, if any.
    mutating func more(_ count: Int, limit: Int) {
        guard count > limit else { return }
        element("<p class=quiet>", "and \(Words.thousands(Int64(count - limit))) more: narrow it down above", "</p>")
    }
}
