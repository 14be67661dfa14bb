package import Samples

/// A runbook beside the rules, identified by its name.
package struct RunbookName: Sendable, Hashable {
    /// The alert's name, or the procedure's: letters, digits, `_` and `-`.
    package var name: String
    /// Whether it is a procedure, which belongs to no alert.
    package var isProcedure: Bool

    /// Maximum length of a name in characters.
    package static let limit = 100

    /// Nil if it is not a valid name, for example contains a slash.
    package init?(_ name: String, isProcedure: Bool) {
        guard !name.isEmpty, name.utf8.count <= RunbookName.limit,
            name.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x5f || byte == 0x2d
            })
        else { return nil }
        self.name = name
        self.isProcedure = isProcedure
    }
}

/// A runbook that was read.
package struct RunbookSource: Sendable {
    /// Its name and kind.
    package var name: RunbookName
    /// Its CommonMark, filled in with the labels of an alert and current measurements, or generic if the labels are
    /// nil. Computes: to be called from `compute` only.
    /// - Throws: the error in the file, with its line.
    package var text:
        @Sendable (_ labels: Labels?, _ isOver: @escaping @Sendable () -> Bool) throws(QueryError) -> String

    /// A runbook with all its parts.
    package init(
        _ name: RunbookName,
        text:
            @escaping @Sendable (_ labels: Labels?, _ isOver: @escaping @Sendable () -> Bool) throws(QueryError) ->
            String
    ) {
        self.name = name
        self.text = text
    }
}
