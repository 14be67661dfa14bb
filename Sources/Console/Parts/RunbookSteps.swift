import CMark
import Text

/// The first steps of a runbook that is filled in: of the numbered list of its section Fix, else of Check.
enum RunbookSteps {
    /// Number of steps; the others are on the runbook's page.
    private static let limit = 3
    private static let sections = ["Fix", "Check"]
    /// Maximum size of a block of commands; whole lines that exceed it are on the runbook's page.
    private static let commandLimit = (lines: 12, characters: 2000)
    /// Emphasis within emphasis that is looked into.
    private static let depthLimit = 8

    /// - Parameter text: CommonMark.
    /// - Returns: no steps if neither section has a numbered list.
    static func steps(of text: String) -> [Steps.Step] {
        guard let document = Markdown.parse(text) else { return [] }
        defer { cmark_node_free(document) }
        var items: [String: [OpaquePointer]] = [:]
        var section = ""
        for node in children(of: document) {
            switch cmark_node_get_type(node) {
            case CMARK_NODE_HEADING where cmark_node_get_heading_level(node) <= 2: section = plain(node)
            case CMARK_NODE_LIST where cmark_node_get_list_type(node) == CMARK_ORDERED_LIST:
                items[section, default: []] += children(of: node)
            default: break
            }
        }
        let found = sections.lazy.compactMap { items[$0] }.first ?? []
        return found.prefix(limit).compactMap(step)
    }

    /// Nil if the item has no text.
    private static func step(_ item: OpaquePointer) -> Steps.Step? {
        var step: Steps.Step?
        for child in children(of: item) {
            switch cmark_node_get_type(child) {
            case CMARK_NODE_PARAGRAPH:
                let spans = spans(of: child)
                if step == nil {
                    let (title, rest) = firstSentence(of: spans)
                    step = Steps.Step(title: title, blocks: rest.isEmpty ? [] : [.text(rest)])
                } else {
                    step?.blocks.append(.text(spans))
                }
            case CMARK_NODE_CODE_BLOCK: step?.blocks += command(literal(child))
            case CMARK_NODE_LIST:
                let lines = children(of: child).flatMap { children(of: $0) }
                for line in lines where cmark_node_get_type(line) == CMARK_NODE_PARAGRAPH {
                    step?.blocks.append(.text(spans(of: line)))
                }
            default: break
            }
        }
        return step
    }

    // MARK: Commands

    private static func command(_ code: String) -> [Steps.Block] {
        var lines = code.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.last?.isEmpty == true { lines.removeLast() }
        var kept: [Substring] = []
        var size = 0
        for line in lines.prefix(commandLimit.lines) {
            size += line.count + 1
            guard size <= commandLimit.characters else { break }
            kept.append(line)
        }
        if kept.count < lines.count {
            // A line that goes on in the next one would be another command without it.
            while kept.last?.hasSuffix("\\") == true { kept.removeLast() }
        }
        var blocks: [Steps.Block] = kept.isEmpty ? [] : [.command(kept.joined(separator: "\n"))]
        let rest = lines.count - kept.count
        if rest > 0 { blocks.append(.text([.text("\(Words.count(rest, "more line")) in the runbook.")])) }
        return blocks
    }

    // MARK: Sentences

    private static func spans(of node: OpaquePointer, depth: Int = 0) -> [Steps.Span] {
        var spans: [Steps.Span] = []
        func add(_ text: String) {
            if case .text(let before)? = spans.last {
                spans[spans.count - 1] = .text(before + text)
            } else {
                spans.append(.text(text))
            }
        }
        for child in children(of: node) {
            switch cmark_node_get_type(child) {
            case CMARK_NODE_TEXT, CMARK_NODE_HTML_INLINE: add(literal(child))
            case CMARK_NODE_SOFTBREAK, CMARK_NODE_LINEBREAK: add(" ")
            case CMARK_NODE_CODE: spans.append(.code(literal(child)))
            case CMARK_NODE_LINK:
                let url = cmark_node_get_url(child).map { String(cString: $0) } ?? ""
                let text = plain(child)
                if let address = RunbookPage.resolve(url) {
                    spans.append(.link(text, to: address))
                } else {
                    add(text)
                }
            default:
                guard depth < depthLimit else { break }
                for span in self.spans(of: child, depth: depth + 1) {
                    if case .text(let text) = span { add(text) } else { spans.append(span) }
                }
            }
        }
        return spans
    }

    /// The spans up to the first full stop, question mark or exclamation mark that ends a sentence, and the others.
    private static func firstSentence(of spans: [Steps.Span]) -> (title: [Steps.Span], rest: [Steps.Span]) {
        for (index, span) in spans.enumerated() {
            guard case .text(let text) = span, let end = sentenceEnd(text) else { continue }
            let after = String(text[end...].drop(while: \.isWhitespace))
            let title = spans[..<index] + [.text(String(text[..<end]))]
            let rest = [.text(after)] + spans[(index + 1)...]
            return (Array(title), Array(after.isEmpty ? rest.dropFirst() : rest[...]))
        }
        return (spans, [])
    }

    private static func sentenceEnd(_ text: String) -> String.Index? {
        var rest = text[...]
        while let mark = rest.firstIndex(where: { ".?!".contains($0) }) {
            rest = text[text.index(after: mark)...]
            if rest.first == " ", rest.dropFirst().first?.isLowercase != true { return rest.startIndex }
        }
        return nil
    }

    /// The text without markup.
    private static func plain(_ node: OpaquePointer) -> String {
        spans(of: node).map { span in
            switch span {
            case .text(let text), .code(let text), .link(let text, _): text
            }
        }.joined()
    }

    // MARK: The tree

    private static func children(of node: OpaquePointer) -> [OpaquePointer] {
        var children: [OpaquePointer] = []
        var next = cmark_node_first_child(node)
        while let child = next {
            children.append(child)
            next = cmark_node_next(child)
        }
        return children
    }

    private static func literal(_ node: OpaquePointer) -> String {
        cmark_node_get_literal(node).map { String(cString: $0) } ?? ""
    }
}
