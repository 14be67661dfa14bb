import Samples
import Text

/// Builds HTML so that escaping cannot be forgotten: markup is a `StaticString`, and text is always escaped.
struct HTML {
    private(set) var bytes: [UInt8] = []
    /// The icons used; the layout defines each once, at the end of the page.
    private(set) var icons: Set<Icon> = []
    /// Addresses, time and zone of the page.
    let context: PageContext

    init(_ context: PageContext = PageContext()) { self.context = context }

    /// Appends markup from the source code.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    /// Appends text, or an attribute value in double quotes, escaped.
    mutating func text(_ text: String) {
        // Most texts need no escape; they are copied as they are.
        guard !text.utf8.allSatisfy(HTML.isPlain) else {
            bytes += text.utf8
            return
        }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Markup.append(scalar, quotes: .escaped, to: &out) {
            switch scalar {
            // Control characters are invalid in HTML; directional formatting could make text appear to be something
            // else.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out.append("\u{fffd}")
            case "\u{7f}"..."\u{9f}": out.append("\u{fffd}")
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": out.append("\u{fffd}")
            default: out.append(scalar)
            }
        }
        bytes += String(out).utf8
    }

    /// Whether a byte stands for itself in HTML: printable ASCII except markup.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
        case 0x20...0x7e: true
        default: false
        }
    }

    /// Appends what was made separately, for the same page.
    mutating func append(_ other: HTML) {
        bytes += other.bytes
        icons.formUnion(other.icons)
    }

    /// Appends text, truncated to this many characters with an ellipsis.
    mutating func text(_ text: String, limit: Int) {
        // No more characters than bytes.
        if text.utf8.count <= limit { return self.text(text) }
        let head = text.prefix(limit + 1)
        self.text(head.count > limit ? head.dropLast(2) + "…" : text)
    }

    /// Appends an integer, for example in an attribute.
    mutating func number(_ number: Int) { bytes += String(number).utf8 }

    /// Appends a length in a drawing, to one decimal; 0 if not finite.
    mutating func length(_ value: Double) {
        guard value.isFinite else { return number(0) }
        let tenths = Int64(saturating: (min(max(value, -1e9), 1e9) * 10).rounded())
        bytes += String(tenths / 10).utf8
        if tenths < 0, tenths > -10 { bytes.insert(UInt8(ascii: "-"), at: bytes.count - 1) }
        if tenths % 10 != 0 { bytes += ".\((tenths % 10).magnitude)".utf8 }
    }

    /// Appends an element with a text: `<b>text</b>`.
    /// - Parameters:
    ///   - open: the opening tag with its attributes.
    ///   - close: the closing tag.
    mutating func element(_ open: StaticString, _ text: String, _ close: StaticString) {
        markup(open)
        self.text(text)
        markup(close)
    }

    /// Appends an icon, hidden from screen readers, since the adjacent text has its meaning.
    mutating func icon(_ icon: Icon) {
        icons.insert(icon)
        markup("<svg class=i viewBox=\"0 0 16 16\" aria-hidden=true><use href=\"#i-")
        bytes += icon.rawValue.utf8
        markup("\"/></svg>")
    }

    /// Appends an icon and the word that it stands for: `✓ active`.
    mutating func icon(_ icon: Icon, _ word: String, limit: Int = 60) {
        self.icon(icon)
        markup(" ")
        text(word, limit: limit)
    }

    // MARK: Links

    /// Appends `<a href="…" class=…>`; the caller appends `</a>`.
    /// - Parameter attributes: preceded by a space: ` class=btn`.
    mutating func begin(_ address: Address, _ attributes: StaticString = "") {
        markup("<a href=\"")
        href(address)
        markup("\"")
        markup(attributes)
        markup(">")
    }

    /// Appends a link with its text.
    mutating func link(_ address: Address, _ text: String, _ attributes: StaticString = "") {
        begin(address, attributes)
        self.text(text)
        markup("</a>")
    }

    /// Appends an address of this console, with the prefix of `external_url`.
    mutating func href(_ address: Address) { text(context.prefix + address.text) }

    /// Appends an external link, or only its text if the scheme is not a web scheme: `javascript:` and the like could
    /// execute code.
    mutating func link(away url: String, _ text: String, _ attributes: StaticString = "") {
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return self.text(text) }
        markup("<a rel=\"noopener noreferrer\" href=\"")
        self.text(url)
        markup("\"")
        markup(attributes)
        markup(">")
        self.text(text)
        markup("</a>")
    }

    // MARK: Times

    /// Appends a time in the page's zone: `03:11:08` today, otherwise with its date; the tooltip contains UTC.
    mutating func time(_ time: Timestamp, _ form: Clock.Form = .short) {
        markup("<time datetime=\"")
        text(time.rfc3339)
        markup("\" title=\"")
        text(Clock.utc(time))
        markup("\">")
        text(context.clock.text(time, form))
        markup("</time>")
    }

    /// Appends the time elapsed since a time; the script keeps it up to date.
    mutating func since(_ time: Timestamp) {
        markup("<span data-since=\"")
        bytes += String(time.milliseconds).utf8
        markup("\">")
        text(Words.duration(max((context.now - time).seconds, 0).rounded(.down)))
        markup("</span>")
    }

    // MARK: Parts

    /// Appends a part of the page, which the script replaces when its content has changed.
    /// - Parameters:
    ///   - id: unique in the page; also its anchor.
    ///   - open: the opening tag up to its attributes, without `>`: `<section class=card`.
    ///   - close: the closing tag.
    mutating func part(_ id: StaticString, _ open: StaticString, _ close: StaticString, _ body: (inout HTML) -> Void) {
        markup(open)
        markup(" id=\"")
        markup(id)
        markup("\" data-part>")
        body(&self)
        markup(close)
    }

    /// Appends a card with a heading, a line beside it, and a body, as a part.
    mutating func card(
        _ id: StaticString, _ heading: String, _ note: String = "", aside: (inout HTML) -> Void = { _ in },
        _ body: (inout HTML) -> Void
    ) {
        markup("<section class=card id=\"")
        markup(id)
        markup("\" data-part aria-labelledby=\"h-")
        markup(id)
        markup("\"><header><h2 id=\"h-")
        markup(id)
        markup("\">")
        text(heading)
        markup("</h2>")
        if !note.isEmpty { element("<p>", note, "</p>") }
        aside(&self)
        markup("</header>")
        body(&self)
        markup("</section>")
    }
}
