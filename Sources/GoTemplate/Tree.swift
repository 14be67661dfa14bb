/// A parsed template: its nodes and the text that they came from.
final class Tree: Sendable {
    let name: String
    let source: TemplateSource
    let nodes: [TemplateNode]

    init(name: String, source: TemplateSource, nodes: [TemplateNode]) {
        self.name = name
        self.source = source
        self.nodes = nodes
    }

    /// Nothing but white space: such a definition never replaces another.
    var isEmpty: Bool {
        nodes.allSatisfy { if case .text(let text) = $0 { text.allSatisfy(\.isWhitespace) } else { false } }
    }
}

indirect enum TemplateNode: Sendable {
    case text(String)
    case action(Pipeline)
    case branch(Branch)
    case template(name: String, argument: Pipeline?, offset: Int)
    case `break`
    case `continue`
}

/// `if`, `with` or `range`, with its `else`.
struct Branch: Sendable {
    enum Kind: Sendable { case `if`, with, range }
    let kind: Kind
    let pipeline: Pipeline
    let body: [TemplateNode]
    let otherwise: [TemplateNode]
}

/// `$x := a | b c`
struct Pipeline: Sendable {
    enum Binding: Sendable { case none, declare, assign }
    let binding: Binding
    let variables: [String]
    let commands: [Command]
    let range: Range<Int>
}

/// A function, method or value with its arguments.
struct Command: Sendable {
    let operands: [Operand]
    let range: Range<Int>
}

struct Operand: Sendable {
    indirect enum Kind: Sendable {
        case dot
        case null
        case constant(TemplateValue)
        case function(String)
        case field([String])
        case variable(String, fields: [String])
        case chain(Operand, fields: [String])
        case pipeline(Pipeline)
    }

    let kind: Kind
    let range: Range<Int>
}
