/// A YAML value with the place where it stands, so that every complaint can say `file:line:column`.
package struct Node: Sendable {
    package enum Content: Sendable {
        /// A scalar's text. `plain` is true where it stood without quotes, so that `yes` and `"yes"` can be told apart.
        case scalar(String, plain: Bool)
        case sequence([Node])
        /// In the order of the file; keys are unique.
        case mapping([(key: Key, value: Node)])
    }

    package struct Key: Sendable {
        package let text: String
        package let position: SourcePosition

        package init(text: String, position: SourcePosition) {
            self.text = text
            self.position = position
        }
    }

    package let content: Content
    package let position: SourcePosition

    package init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }
}

/// Where something stands: the file as the user named it, line and column from 1 (columns count characters).
package struct SourcePosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int

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

/// What is wrong, where, and what was expected: `rules/vault.yml:12:9: unknown key "exp"; did you mean "expr"?`
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let position: SourcePosition
    package let message: String

    package init(_ position: SourcePosition, _ message: String) {
        self.position = position
        self.message = message
    }

    package var description: String { "\(position): \(message)" }
}

extension Node {
    package var isNull: Bool {
        if case .scalar(let text, plain: true) = content {
            ["", "~", "null", "Null", "NULL"].contains(text)
        } else {
            false
        }
    }

    package var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }
    package var sequence: [Node]? { if case .sequence(let items) = content { items } else { nil } }
    package var mapping: [(key: Key, value: Node)]? { if case .mapping(let pairs) = content { pairs } else { nil } }

    /// The value under a key of a mapping.
    package subscript(key: String) -> Node? { mapping?.first { $0.key.text == key }?.value }

    /// What kind of thing this is, for "expected a list, found …".
    package var kind: String {
        switch content {
        case .scalar(let text, _): isNull ? "nothing" : "\"\(text.prefix(40))\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
