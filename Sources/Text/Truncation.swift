extension String {
    /// The text if it has at most `limit` bytes, otherwise its beginning with an ellipsis, in at most `limit` bytes.
    /// - Parameter limit: in bytes of UTF-8, more than 8.
    package func truncated(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        return String(decoding: utf8.prefix(limit - 8), as: UTF8.self) + "…"
    }
}
