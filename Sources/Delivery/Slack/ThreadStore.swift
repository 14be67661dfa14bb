/// Remembers, over a restart too, which message began a conversation and who else was told.
package struct ThreadStore: Sendable {
    package var get: @Sendable (_ key: String) async -> String?
    /// Nil forgets.
    package var set: @Sendable (_ key: String, _ value: String?) async -> Void

    package init(
        get: @escaping @Sendable (_ key: String) async -> String?,
        set: @escaping @Sendable (_ key: String, _ value: String?) async -> Void
    ) {
        self.get = get
        self.set = set
    }
}
