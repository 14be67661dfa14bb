/// A parsed template: its nodes and its source.
final class Tree: Sendable {
    let name: String
    let source: TemplateSource
    let nodes: [TemplateNode]

    init(name: String, source: TemplateSource, nodes: [TemplateNode]) {
        self.name = name
        self.source = source
        self.nodes = nodes
    }

    /// Whether it is only white space. Such a definition does not replace another one.
    var isEmpty: Bool {
        nodes.allSatisfy { if case .text(let text) = $0 { text.allSatisfy(\.isWhitespace) } else { false } }
    }
}

/// A node of a template.
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

/// A command of a pipeline: a function, method or value with its arguments.
struct Command: Sendable {
    let operands: [Operand]
    let range: Range<Int>
}

/// An operand of a command.
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
