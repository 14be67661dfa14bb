/// A YAML value with its position, so that every error can name `file:line:column`.
package struct Node: Sendable {
    /// What the value is.
    package enum Content: Sendable {
        /// A scalar's text. `plain` is true where it was not quoted, which distinguishes `null` from `"null"`.
        case scalar(String, plain: Bool)
        case sequence([Node])
        /// The pairs in the order of the file; keys are unique.
        case mapping([(key: Key, value: Node)])
    }

    /// A key of a mapping.
    package struct Key: Sendable {
        /// The key's text.
        package let text: String
        /// Where the key starts.
        package let position: SourcePosition

        /// A key at a position.
        package init(text: String, position: SourcePosition) {
            self.text = text
            self.position = position
        }
    }

    /// What the value is.
    package let content: Content
    /// Where the value starts.
    package let position: SourcePosition

    /// A value at a position.
    package init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }
}

/// A position in a file.
package struct SourcePosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The file's name as the user wrote it.
    package let file: String
    /// The line, from 1.
    package let line: Int
    /// The column, from 1, in characters.
    package let column: Int

    /// A position from its parts.
    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }

    package static func < (a: SourcePosition, b: SourcePosition) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

/// A mistake in a YAML file, such as `rules/vault.yml:12:9: unknown key "exp"; did you mean "expr"?`
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the mistake is.
    package let position: SourcePosition
    /// What is wrong, and what was expected.
    package let message: String

    /// A mistake at a position.
    package init(_ position: SourcePosition, _ message: String) {
        self.position = position
        self.message = message
    }

    package var description: String { "\(position): \(message)" }
}

extension Node {
    /// Whether this is an unquoted null: nothing, `~` or `null`.
    package var isNull: Bool {
        if case .scalar(let text, plain: true) = content {
            ["", "~", "null", "Null", "NULL"].contains(text)
        } else {
            false
        }
    }

    /// The text of a scalar; nil for anything else.
    package var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }
    /// The items of a sequence; nil for anything else.
    package var sequence: [Node]? { if case .sequence(let items) = content { items } else { nil } }
    /// The pairs of a mapping; nil for anything else.
    package var mapping: [(key: Key, value: Node)]? { if case .mapping(let pairs) = content { pairs } else { nil } }

    /// The value of a key; nil where it is absent or this is not a mapping.
    package subscript(key: String) -> Node? { mapping?.first { $0.key.text == key }?.value }

    /// What this is, for messages of the form "expected a list, found …".
    package var kind: String {
        switch content {
        case .scalar(let text, _): isNull ? "nothing" : "\"\(text.prefix(40))\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
