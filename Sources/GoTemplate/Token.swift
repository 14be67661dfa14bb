/// A token of a template.
struct Token: Sendable {
    enum Kind: Hashable, Sendable {
        case text
        case leftDelimiter
        case rightDelimiter
        case space
        case identifier
        case keyword
        /// `.name`
        case field
        /// `$name` or `$`
        case variable
        case dot
        case boolean
        case number
        case character
        case string
        case rawString
        case declare
        case assign
        case pipe
        case leftParenthesis
        case rightParenthesis
        case comma
        case end
    }

    let kind: Kind
    /// Byte offsets in the source.
    let range: Range<Int>

    static let keywords: Set<String> = [
        "block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with",
    ]
}
