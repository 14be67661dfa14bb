extension String {
    /// The text with a space in place of each control character, so that it can't act on a terminal or forge a line.
    /// - Parameter keepsLines: whether line feeds stay.
    package func withoutControls(keepsLines: Bool = false) -> String {
        var text = UnicodeScalarView()
        for scalar in unicodeScalars {
            let isReplaced = scalar.properties.generalCategory == .control && !(keepsLines && scalar == "\n")
            text.append(isReplaced ? " " : scalar)
        }
        return String(text)
    }

    /// The text if it has at most `limit` bytes, otherwise its beginning with an ellipsis, in at most `limit` bytes.
    /// - Parameter limit: in bytes of UTF-8, more than 8.
    package func truncated(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        return String(decoding: utf8.prefix(limit - 8), as: UTF8.self) + "…"
    }
}
