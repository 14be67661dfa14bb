import Samples
import Text
import TimeZones
import Web

/// The frame of every page: head, menu, landmarks, footer, and on a phone the action bar.
struct Layout {
    /// An entry of the menu.
    enum Tab: String, CaseIterable, Sendable {
        case overview, incidents, estate, backups, silences, history, runbooks, rules, query, routes, targets, agent

        var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
        var address: Address { self == .overview ? .overview : Address(rawValue) }
        /// Whether it is in the menu itself on a wide screen; the others are under More.
        var isMain: Bool { self < .runbooks }
        /// Whether it is in the menu itself on a phone too.
        var isOnPhone: Bool { [.overview, .incidents, .backups].contains(self) }

        static func < (a: Tab, b: Tab) -> Bool {
            (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
        }
    }

    let context: PageContext
    /// The page's title, without the program's name.
    let title: String
    /// Nil for a page that is not in the menu.
    let tab: Tab?
    /// Whether the page refreshes itself; a page with a form only by the script, which leaves forms alone.
    var isLive = true
    /// Whether it has a form, which a reload without the script would reset.
    var hasForm = false
    /// The action bar on a phone; empty by default.
    var bar: (inout HTML) -> Void = { _ in }

    /// The whole document.
    /// - Parameter main: the content; contains the page's only `h1`.
    func render(_ main: (inout HTML) -> Void) -> [UInt8] {
        var page = HTML(context)
        head(&page)
        page.markup("<body><a class=skip href=\"#main\">To the content</a>")
        top(&page)
        page.markup("<p id=stale role=status hidden></p><main id=main tabindex=-1>")
        main(&page)
        page.markup("</main>")
        foot(&page)
        page.part("bar", "<nav class=bar aria-label=Act", "</nav>", bar)
        sprite(&page)
        page.markup("</body></html>\n")
        return page.bytes
    }

    // MARK: Head

    private func head(_ page: inout HTML) {
        page.markup("<!doctype html><html lang=en data-now=\"")
        page.text(String(context.now.milliseconds))
        page.markup("\" data-offset=\"")
        page.number(context.zone.offset(at: context.now))
        page.markup("\" data-revision=\"")
        page.text(String(context.revision))
        page.markup("\" data-prefix=\"")
        page.text(context.prefix)
        page.markup("\"")
        if isLive { page.markup(" data-live") }
        page.markup("><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">")
        page.markup("<meta name=color-scheme content=\"light dark\">")
        if isLive, !hasForm { page.markup("<noscript><meta http-equiv=refresh content=15></noscript>") }
        page.markup("<title>")
        if context.openIncidents > 0 { page.text("(\(context.openIncidents)) ") }
        if context.gravity == .critical { page.text("CRITICAL ") }
        page.text(title, limit: 120)
        page.text(" · vaultwatch" + (context.site.isEmpty ? "" : " \(context.site)"))
        page.markup("</title><link rel=icon type=\"image/svg+xml\" href=\"")
        page.text(context.prefix + Assets.icon(context.gravity).path)
        page.markup("\"><link rel=stylesheet href=\"")
        page.text(context.prefix + Assets.style.path)
        page.markup("\"><script defer src=\"")
        page.text(context.prefix + Assets.script.path)
        page.markup("\"></script></head>")
    }

    // MARK: Top

    private func top(_ page: inout HTML) {
        page.markup("<header class=top>")
        page.begin(.overview, " class=logo")
        page.markup(
            "<svg viewBox=\"0 0 22 22\" aria-hidden=true><rect x=1 y=1 width=20 height=20 rx=6 /><circle cx=11 cy=9 r=3.3 /><path d=\"M11 12.3v4.7\"/></svg>vaultwatch"
        )
        if !context.site.isEmpty { page.element(" <span class=quiet>", context.site, "</span>") }
        page.markup("</a>")
        page.part("menu", "<nav aria-label=Pages", "</nav>") { page in
            for tab in Tab.allCases where tab.isMain { item(tab, &page, inMore: false) }
            page.markup("<details class=more><summary>More</summary><ul>")
            for tab in Tab.allCases where !tab.isOnPhone {
                page.markup(tab.isMain ? "<li class=pm>" : "<li>")
                item(tab, &page, inMore: true)
                page.markup("</li>")
            }
            page.markup("</ul></details>")
        }
        page.part("me", "<div class=me", "</div>") { page in
            page.markup("<span class=live>live</span><span><b><time data-clock datetime=\"")
            page.text(context.now.rfc3339)
            page.markup("\">")
            page.text(context.clock.text(context.now))
            page.markup("</time></b> ")
            page.text(context.clock.abbreviation)
            if !context.clock.isUTC {
                page.markup("<span class=utc> · <span data-clock=utc>")
                page.text(Clock.utcTime(context.now))
                page.markup("</span> UTC</span>")
            }
            page.markup("</span>")
            who(&page)
        }
        page.markup("</header>")
    }

    private func item(_ tab: Tab, _ page: inout HTML, inMore: Bool) {
        page.markup("<a href=\"")
        page.href(tab.address)
        page.markup("\"")
        if tab == self.tab { page.markup(" aria-current=page") }
        if !inMore, !tab.isOnPhone { page.markup(" class=p2") }
        page.markup(">")
        page.text(tab.title)
        if tab == .incidents, context.openIncidents > 0 {
            page.markup(context.gravity == .critical ? " <span class=n>" : " <span class=\"n calm\">")
            page.number(context.openIncidents)
            page.markup("<span class=vh> open</span></span>")
        }
        page.markup("</a>")
    }

    private func who(_ page: inout HTML) {
        page.markup("<span class=who>")
        page.icon(.person)
        page.markup(" ")
        if let viewer = context.viewer {
            page.text(viewer.description)
        } else {
            page.link(Address("login", query: [("next", context.target)]), "log in")
        }
        page.markup("</span>")
    }

    // MARK: Footer

    private func foot(_ page: inout HTML) {
        page.part("foot", "<footer", "</footer>") { page in
            page.text("vaultwatch \(context.version)")
            if !context.host.isEmpty { page.text(" on \(context.host)") }
            page.markup(" · up ")
            page.since(context.startedAt)
            page.markup("<span class=js> · <kbd>?</kbd> keys</span> · times are ")
            page.text(
                context.clock.isUTC
                    ? "UTC" : context.zone.name == "Local" ? context.clock.abbreviation : context.zone.name)
            page.markup(", ")
            let isUTC = context.clock.isUTC
            page.link(
                zoneSwitch(to: isUTC ? "local" : "UTC"), isUTC ? "show local time" : "show UTC",
                " rel=nofollow data-key=t")
        }
    }

    /// The same page in another time zone.
    private func zoneSwitch(to zone: String) -> Address {
        let end = context.target.firstIndex(of: "?") ?? context.target.endIndex
        let path = context.target[..<end].split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
        var items = PercentCoding.items(context.target[end...].dropFirst()).filter { $0.name != "tz" }
        items.append(("tz", zone))
        guard let decoded = PercentCoding.decode(path[...], plusIsSpace: false), !decoded.isEmpty else {
            return Address(query: items)
        }
        return Address(decoded, query: items)
    }

    /// The icons that the page uses, each defined once.
    private func sprite(_ page: inout HTML) {
        page.markup("<svg class=sprite id=sprite data-part aria-hidden=true focusable=false>")
        for icon in Icon.allCases where page.icons.contains(icon) {
            page.markup("<symbol id=\"i-")
            page.text(icon.rawValue)
            page.markup("\" viewBox=\"0 0 16 16\">")
            page.markup(icon.shape)
            page.markup("</symbol>")
        }
        page.markup("</svg>")
    }
}
