extension StringProtocol {
    /// The text without white space at both ends.
    package var trimmingSpaces: String { trimming(where: \.isWhitespace) }

    /// The text without such characters at both ends.
    package func trimming(where isOuter: (Character) -> Bool) -> String {
        String(drop(while: isOuter).reversed().drop(while: isOuter).reversed())
    }

    /// The text without a full stop at its end.
    package var dropLastStop: String { String(hasSuffix(".") ? self[..<index(before: endIndex)] : self[...]) }
}
