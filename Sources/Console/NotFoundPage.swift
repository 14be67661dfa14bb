/// The page for a path that does not exist.
struct NotFoundPage {
    /// The requested path, without the prefix.
    let path: String

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "No such page", tab: nil)
        layout.isLive = false
        return layout.render { page in
            page.markup(
                "<div class=head><h1>There is no such page</h1></div><section class=card><p class=wrap>Nothing is at <code>"
            )
            page.text(path, limit: 200)
            page.markup("</code>. What there is stands in the menu; most links lead from the ")
            page.link(.overview, "overview")
            page.markup(" or the ")
            page.link(.incidents, "incidents")
            page.markup(".</p></section>")
        }
    }
}

/// The page for a form whose token does not prove that it comes from this site.
struct StaleFormPage {
    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Form too old", tab: nil)
        layout.isLive = false
        return layout.render { page in
            page.markup(
                "<div class=head><h1>Nothing was changed: the form is too old</h1></div><section class=card><p>A form is good for twelve hours, and for the user for whom its page was made. Load its page again and send it from there.</p><p>"
            )
            page.link(.incidents, "Incidents", " class=btn")
            page.markup("</p></section>")
        }
    }
}
