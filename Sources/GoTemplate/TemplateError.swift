/// An error in parsing or executing a template.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The template's name.
    package let template: String
    /// The line, from 1.
    package let line: Int
    /// The column, from 1, in bytes.
    package let column: Int
    /// What is wrong.
    package let message: String

    /// Where in the template's text it is, in bytes.
    package func offset(in text: String) -> Int {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.prefix(line - 1).reduce(column - 1) { $0 + $1.count + 1 }
    }

    package var description: String { "template: \(template):\(line):\(column): \(message)" }
}

/// An error inside a template function. `TemplateRun` adds the position and makes it a `TemplateError`.
package struct TemplateFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// A failure with its message.
    package init(_ description: String) { self.description = description }
}

/// A template's text and name; converts offsets into lines and columns.
final class TemplateSource: Sendable {
    let name: String
    let bytes: [UInt8]

    init(name: String, text: String) {
        self.name = name
        bytes = Array(text.utf8)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func error(at offset: Int, _ message: String) -> TemplateError {
        let before = bytes[..<min(offset, bytes.count)]
        let newline = UInt8(ascii: "\n")
        let line = 1 + before.lazy.filter { $0 == newline }.count
        let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        return TemplateError(template: name, line: line, column: before.count - start + 1, message: message)
    }
}
