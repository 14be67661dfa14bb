import CMark

/// CommonMark as HTML, generated from libcmark's tree: all markup is generated here, everything else is escaped text.
/// Raw HTML is shown as text, and an image as its description.
struct Markdown {
    /// Maximum input size in bytes; longer texts are truncated.
    static let limitBytes = 131_072

    private let text: String
    /// The target of a link without a scheme, such as `VaultSealed`; nil for none.
    private let resolve: (String) -> Address?

    /// - Parameters:
    ///   - text: CommonMark.
    ///   - resolve: the page that a relative link refers to.
    init(_ text: String, resolve: @escaping (String) -> Address?) {
        self.text = text
        self.resolve = resolve
    }

    /// Appends it, without its first level-one heading, since the page has its own.
    func render(_ page: inout HTML) {
        guard let document = Markdown.parse(text) else { return }
        defer { cmark_node_free(document) }
        guard let iterator = cmark_iter_new(document) else { return }
        defer { cmark_iter_free(iterator) }
        var writer = Writer(resolve: resolve)
        while true {
            let event = cmark_iter_next(iterator)
            guard event == CMARK_EVENT_ENTER || event == CMARK_EVENT_EXIT, let node = cmark_iter_get_node(iterator)
            else { break }
            writer.write(node, isStart: event == CMARK_EVENT_ENTER, &page)
        }
    }

    /// The tree of a text, which the caller frees with `cmark_node_free`.
    static func parse(_ text: String) -> OpaquePointer? {
        let bytes = Array(text.utf8.prefix(limitBytes))
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                cmark_parse_document(
                    characters.baseAddress, characters.count, CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8)
            }
        }
    }
}

/// Writes the nodes in order.
private struct Writer {
    let resolve: (String) -> Address?
    /// The node that is omitted with its children.
    private var omitted: OpaquePointer?
    private var hasTitle = false

    init(resolve: @escaping (String) -> Address?) { self.resolve = resolve }

    /// Leaves only have an enter event.
    mutating func write(_ node: OpaquePointer, isStart: Bool, _ page: inout HTML) {
        if let omitted {
            if !isStart, node == omitted { self.omitted = nil }
            return
        }
        switch cmark_node_get_type(node) {
        case CMARK_NODE_HEADING: heading(node, isStart, &page)
        case CMARK_NODE_PARAGRAPH:
            guard !Writer.isTight(node) else { break }
            page.markup(isStart ? "<p>" : "</p>\n")
        case CMARK_NODE_LIST: list(node, isStart, &page)
        case CMARK_NODE_ITEM: page.markup(isStart ? "<li>" : "</li>\n")
        case CMARK_NODE_BLOCK_QUOTE: page.markup(isStart ? "<blockquote>" : "</blockquote>\n")
        case CMARK_NODE_THEMATIC_BREAK: page.markup("<hr>\n")
        case CMARK_NODE_CODE_BLOCK:
            var code = Writer.literal(node)
            while code.last == "\n" { code.removeLast() }
            page.element("<div class=cmd><code class=pre>", code, "</code></div>\n")
        case CMARK_NODE_HTML_BLOCK: page.element("<p>", Writer.literal(node), "</p>\n")
        case CMARK_NODE_TEXT, CMARK_NODE_HTML_INLINE: page.text(Writer.literal(node))
        case CMARK_NODE_CODE: page.element("<code>", Writer.literal(node), "</code>")
        case CMARK_NODE_SOFTBREAK: page.markup("\n")
        case CMARK_NODE_LINEBREAK: page.markup("<br>\n")
        case CMARK_NODE_EMPH: page.markup(isStart ? "<em>" : "</em>")
        case CMARK_NODE_STRONG: page.markup(isStart ? "<strong>" : "</strong>")
        case CMARK_NODE_LINK: link(node, isStart, &page)
        // No external content is loaded: the following text is the description.
        case CMARK_NODE_IMAGE: break
        default: break
        }
    }

    private mutating func heading(_ node: OpaquePointer, _ isStart: Bool, _ page: inout HTML) {
        let level = cmark_node_get_heading_level(node)
        if isStart, level == 1, !hasTitle {
            hasTitle = true
            // An empty node has an exit event too, since it is not a leaf.
            omitted = node
            return
        }
        switch level {
        case ...2: page.markup(isStart ? "<h2>" : "</h2>\n")
        case 3: page.markup(isStart ? "<h3>" : "</h3>\n")
        default: page.markup(isStart ? "<h4>" : "</h4>\n")
        }
    }

    private func list(_ node: OpaquePointer, _ isStart: Bool, _ page: inout HTML) {
        guard cmark_node_get_list_type(node) == CMARK_ORDERED_LIST else {
            return page.markup(isStart ? "<ul>" : "</ul>\n")
        }
        guard isStart else { return page.markup("</ol>\n") }
        let start = Int(cmark_node_get_list_start(node))
        guard start != 1 else { return page.markup("<ol>") }
        page.markup("<ol start=")
        page.number(start)
        page.markup(">")
    }

    private func link(_ node: OpaquePointer, _ isStart: Bool, _ page: inout HTML) {
        let url = cmark_node_get_url(node).map { String(cString: $0) } ?? ""
        let isAway = url.hasPrefix("https://") || url.hasPrefix("http://")
        let address = isAway ? nil : resolve(url)
        // Other schemes could execute code: only their text is kept.
        guard isAway || address != nil else { return }
        guard isStart else { return page.markup("</a>") }
        if let address { return page.begin(address) }
        page.markup("<a rel=\"noopener noreferrer\" href=\"")
        page.text(url)
        page.markup("\">")
    }

    /// Whether it is the text of an item of a tight list, which has no paragraphs.
    private static func isTight(_ paragraph: OpaquePointer) -> Bool {
        guard let item = cmark_node_parent(paragraph), let list = cmark_node_parent(item) else { return false }
        return cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list) != 0
    }

    private static func literal(_ node: OpaquePointer) -> String {
        cmark_node_get_literal(node).map { String(cString: $0) } ?? ""
    }
}
