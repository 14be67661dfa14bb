import Text

/// Lists that never make a page too large, whatever the estate holds.
extension HTML {
    /// The size at which a page takes no more list items. What follows its lists fits into the rest of 120 KB.
    static let fullBytes = 96 << 10

    /// Appends items until the limit, the share or the page is full.
    /// - Parameters:
    ///   - limit: maximum number of items.
    ///   - share: maximum size of this list in bytes, exceeded by at most one item.
    /// - Returns: the number of items appended.
    @discardableResult
    mutating func items<Items: Sequence>(
        _ items: Items, limit: Int, share: Int = HTML.fullBytes, _ item: (Items.Element, inout HTML) -> Void
    ) -> Int {
        let end = min(bytes.count + share, HTML.fullBytes)
        var count = 0
        for one in items {
            guard count < limit, bytes.count < end else { break }
            item(one, &self)
            count += 1
        }
        return count
    }

    /// Appends the last items that `items` would take if it began at the end, in their own order.
    /// - Returns: the number of items appended.
    @discardableResult
    mutating func lastItems<Items: BidirectionalCollection>(
        _ items: Items, limit: Int, share: Int = HTML.fullBytes, _ item: (Items.Element, inout HTML) -> Void
    ) -> Int {
        let room = min(share, HTML.fullBytes - bytes.count)
        var made: [HTML] = []
        var used = 0
        for one in items.reversed() {
            guard made.count < limit, used < room else { break }
            var part = HTML(context)
            item(one, &part)
            used += part.bytes.count
            made.append(part)
        }
        for part in made.reversed() { append(part) }
        return made.count
    }

    /// Appends the number of items that are not shown, if any.
    /// - Parameters:
    ///   - count: all items.
    ///   - shown: those that are shown.
    ///   - words: what to do: `: narrow it down above`.
    ///   - json: the address of all of them as JSON; nil if there is none.
    mutating func rest(_ count: Int, shown: Int, _ words: String = "", json: Address? = nil) {
        guard count > shown else { return }
        markup("<p class=quiet>")
        text("and \(Words.thousands(Int64(count - shown))) more" + words)
        if let json {
            markup(" · ")
            link(json, "all as JSON")
        }
        markup("</p>")
    }
}
