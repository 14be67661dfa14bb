import Samples
import Text

/// Parses a template into its own tree and those of the templates that it defines.
/// Source: Go's text/template/parse/parse.go.
struct TreeParser {
    private let source: TemplateSource
    private let tokens: [Token]
    private let isFunction: (String) -> Bool
    private var index = 0
    private var variables: [String]
    private var rangeDepth = 0
    private var depth = 0
    private var defined: [Tree] = []

    /// The maximum nesting, so that recursion can't exhaust the stack.
    private static let depthLimit = 100

    private init(
        _ source: TemplateSource, _ tokens: [Token], variables: [String], isFunction: @escaping (String) -> Bool
    ) {
        self.source = source
        self.tokens = tokens
        self.variables = ["$"] + variables
        self.isFunction = isFunction
    }

    /// Parses a template.
    /// - Parameters:
    ///   - variables: the names, with their `$`, of variables that are declared beforehand.
    ///   - isFunction: whether a function of a name exists.
    /// - Returns: the template's own tree, and those of its `define`s and `block`s.
    static func parse(_ text: String, name: String, variables: [String], isFunction: @escaping (String) -> Bool)
        throws(TemplateError) -> (main: Tree, defined: [Tree])
    {
        let source = TemplateSource(name: name, text: text)
        var parser = TreeParser(source, try Lexer.tokens(of: source), variables: variables, isFunction: isFunction)
        let (nodes, end) = try parser.list(top: true)
        if case .end = end {} else { throw source.error(at: parser.here, "unexpected {{\(end.word)}}") }
        return (Tree(name: name, source: source, nodes: nodes), parser.defined)
    }

    /// What ended a list of nodes.
    private enum End {
        case end
        case endAction
        case elseAction
        var word: String { if case .elseAction = self { "else" } else { "end" } }
    }

    private var here: Int { tokens[index].range.lowerBound }
    private var token: Token { tokens[index] }
    private var text: String { source.text(token.range) }

    private mutating func advance() { if index + 1 < tokens.count { index += 1 } }
    private mutating func skipSpace() { if token.kind == .space { advance() } }

    private func fail(_ message: String) -> TemplateError { source.error(at: here, message) }
    private func unexpected(_ context: String) -> TemplateError {
        token.kind == .end
            ? fail("unexpected EOF in \(context)") : fail("unexpected \(text.quotedAsInGo) in \(context)")
    }

    private mutating func list(top: Bool = false) throws(TemplateError) -> ([TemplateNode], End) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit) levels") }
        var nodes: [TemplateNode] = []
        while true {
            switch token.kind {
            case .text:
                nodes.append(.text(text))
                advance()
            case .leftDelimiter:
                advance()
                skipSpace()
                guard token.kind == .keyword, text != "nil" else {
                    let pipeline = try pipeline("command", end: .rightDelimiter)
                    nodes.append(.action(pipeline))
                    continue
                }
                let keyword = text
                let offset = here
                advance()
                switch keyword {
                case "end":
                    try close("end")
                    return (nodes, .endAction)
                case "else": return (nodes, .elseAction)
                case "if": nodes.append(.branch(try branch(.if, offset)))
                case "with": nodes.append(.branch(try branch(.with, offset)))
                case "range": nodes.append(.branch(try branch(.range, offset)))
                case "template": nodes.append(try templateCall(offset))
                case "block": nodes.append(try block(offset))
                case "define":
                    guard top else {
                        throw source.error(at: offset, "unexpected {{define}}: definitions must be at the top level")
                    }
                    try define()
                case "break", "continue":
                    guard rangeDepth > 0 else { throw source.error(at: offset, "{{\(keyword)}} outside {{range}}") }
                    try close(keyword)
                    nodes.append(keyword == "break" ? .break : .continue)
                default: throw source.error(at: offset, "unexpected \(keyword.quotedAsInGo)")
                }
            case .end: return (nodes, .end)
            default: throw unexpected("input")
            }
        }
    }

    private mutating func close(_ context: String) throws(TemplateError) {
        skipSpace()
        guard token.kind == .rightDelimiter else { throw unexpected(context) }
        advance()
    }

    private mutating func branch(_ kind: Branch.Kind, _ start: Int) throws(TemplateError) -> Branch {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit) levels") }
        let word =
            switch kind {
            case .if: "if"
            case .with: "with"
            case .range: "range"
            }
        let mark = variables.count
        defer { variables.removeLast(variables.count - mark) }
        let pipeline = try pipeline(word, end: .rightDelimiter, isRange: kind == .range)
        if kind == .range { rangeDepth += 1 }
        var (body, end) = try list()
        if kind == .range { rangeDepth -= 1 }
        var otherwise: [TemplateNode] = []
        if case .elseAction = end {
            skipSpace()
            // `{{else if …}}` and `{{else with …}}` are an else with a nested branch that shares its end.
            if token.kind == .keyword, (text == "if" && kind == .if) || (text == "with" && kind == .with) {
                let offset = here
                advance()
                return Branch(
                    kind: kind, pipeline: pipeline, body: body, otherwise: [.branch(try branch(kind, offset))])
            }
            try close("else")
            (otherwise, end) = try list()
        }
        switch end {
        case .endAction: return Branch(kind: kind, pipeline: pipeline, body: body, otherwise: otherwise)
        case .elseAction: throw fail("expected end; found {{else}}")
        case .end: throw source.error(at: start, "unexpected EOF: {{\(word)}} has no {{end}}")
        }
    }

    private mutating func templateName(_ context: String) throws(TemplateError) -> String {
        skipSpace()
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(context) }
        let name = try string()
        advance()
        return name
    }

    private mutating func templateCall(_ offset: Int) throws(TemplateError) -> TemplateNode {
        let name = try templateName("template clause")
        return .template(name: name, argument: try optionalPipeline("template clause"), offset: offset)
    }

    private mutating func optionalPipeline(_ context: String) throws(TemplateError) -> Pipeline? {
        skipSpace()
        if token.kind == .rightDelimiter {
            advance()
            return nil
        }
        return try pipeline(context, end: .rightDelimiter)
    }

    private mutating func block(_ offset: Int) throws(TemplateError) -> TemplateNode {
        let name = try templateName("block clause")
        skipSpace()
        guard token.kind != .rightDelimiter else { throw fail("missing value for block clause") }
        let argument = try pipeline("block clause", end: .rightDelimiter)
        try definition(name, offset)
        return .template(name: name, argument: argument, offset: offset)
    }

    private mutating func define() throws(TemplateError) {
        let offset = here
        let name = try templateName("define clause")
        try close("define clause")
        try definition(name, offset)
    }

    /// The body of a definition, which has its own scope of variables and loops.
    private mutating func definition(_ name: String, _ offset: Int) throws(TemplateError) {
        let outer = (variables, rangeDepth)
        (variables, rangeDepth) = (["$"], 0)
        defer { (variables, rangeDepth) = outer }
        let (nodes, end) = try list()
        switch end {
        case .endAction: break
        case .elseAction: throw fail("unexpected {{else}} in definition of \(name.quotedAsInGo)")
        case .end: throw source.error(at: offset, "unexpected EOF: definition of \(name.quotedAsInGo) has no {{end}}")
        }
        defined.append(Tree(name: name, source: source, nodes: nodes))
    }

    // MARK: - Pipelines

    private mutating func pipeline(_ context: String, end: Token.Kind, isRange: Bool = false) throws(TemplateError)
        -> Pipeline
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit) levels") }
        skipSpace()
        let start = here
        let (binding, names) = try bindings(isRange: isRange)
        var commands: [Command] = []
        while true {
            skipSpace()
            switch token.kind {
            case end:
                guard let last = commands.last else { throw fail("missing value for \(context)") }
                let range = start..<last.range.upperBound
                advance()
                for (stage, command) in commands.enumerated().dropFirst() where !command.isExecutable {
                    throw source.error(
                        at: command.range.lowerBound, "non executable command in pipeline stage \(stage + 1)")
                }
                if binding == .declare { variables += names }
                return Pipeline(binding: binding, variables: names, commands: commands, range: range)
            case .identifier, .field, .variable, .dot, .boolean, .number, .character, .string, .rawString,
                .leftParenthesis, .keyword:
                commands.append(try command(end: end))
            default: throw unexpected(context)
            }
        }
    }

    private mutating func bindings(isRange: Bool) throws(TemplateError) -> (Pipeline.Binding, [String]) {
        let mark = index
        var names: [String] = []
        while token.kind == .variable {
            names.append(text)
            advance()
            skipSpace()
            switch token.kind {
            case .declare:
                advance()
                return (.declare, names)
            case .assign:
                for name in names where !variables.contains(name) { throw undefined(name) }
                advance()
                return (.assign, names)
            case .comma:
                guard isRange, names.count < 2 else {
                    throw fail(isRange ? "range can only have two variables" : "too many declarations")
                }
                advance()
                skipSpace()
                continue
            default: break
            }
            break
        }
        if names.count > 1 { throw unexpected("range") }
        index = mark
        return (.none, [])
    }

    private func undefined(_ name: String) -> TemplateError { fail("undefined variable \(name.quotedAsInGo)") }

    private mutating func command(end: Token.Kind) throws(TemplateError) -> Command {
        let start = here
        var operands: [Operand] = []
        var upper = start
        while true {
            skipSpace()
            guard let operand = try operand() else { break }
            operands.append(operand)
            upper = operand.range.upperBound
            if token.kind == .space {
                advance()
                continue
            }
            if token.kind == end || token.kind == .pipe || token.kind == .rightDelimiter
                || token.kind == .rightParenthesis
            {
                break
            }
            throw unexpected("operand")
        }
        if token.kind == .pipe {
            advance()
            skipSpace()
            if token.kind == end { throw fail("missing value after |") }
        } else if token.kind != end {
            throw unexpected("operand")
        }
        if operands.isEmpty { throw fail("empty command") }
        return Command(operands: operands, range: start..<upper)
    }

    private mutating func operand() throws(TemplateError) -> Operand? {
        guard let term = try term() else { return nil }
        guard token.kind == .field else { return term }
        var fields: [String] = []
        var upper = here
        while token.kind == .field {
            fields.append(String(text.dropFirst()))
            upper = token.range.upperBound
            advance()
        }
        let range = term.range.lowerBound..<upper
        switch term.kind {
        case .field(let first): return Operand(kind: .field(first + fields), range: range)
        case .variable(let name, let first): return Operand(kind: .variable(name, fields: first + fields), range: range)
        case .constant, .null, .dot:
            throw source.error(
                at: term.range.upperBound, "unexpected . after term \(source.text(term.range).quotedAsInGo)")
        case .function, .chain, .pipeline: return Operand(kind: .chain(term, fields: fields), range: range)
        }
    }

    private mutating func term() throws(TemplateError) -> Operand? {
        let range = token.range
        let kind: Operand.Kind
        switch token.kind {
        case .identifier:
            guard isFunction(text) else { throw fail("function \(text.quotedAsInGo) not defined") }
            kind = .function(text)
        case .dot: kind = .dot
        case .keyword where text == "nil": kind = .null
        case .keyword: throw unexpected("operand")
        case .variable:
            guard variables.contains(text) else { throw undefined(text) }
            kind = .variable(text, fields: [])
        case .field: kind = .field([String(text.dropFirst())])
        case .boolean: kind = .constant(.bool(text == "true"))
        case .number: kind = .constant(try number())
        // Checked: a Unicode scalar has 21 bits.
        case .character: kind = .constant(.int(Int64(try character().value)))
        case .string, .rawString: kind = .constant(.string(try string()))
        case .leftParenthesis:
            advance()
            let inner = try pipeline("parenthesized pipeline", end: .rightParenthesis)
            return Operand(kind: .pipeline(inner), range: range.lowerBound..<tokens[index - 1].range.upperBound)
        default: return nil
        }
        advance()
        return Operand(kind: kind, range: range)
    }

    // MARK: - Constants

    private func number() throws(TemplateError) -> TemplateValue {
        if let value = GoNumber.constant(text) { return value }
        throw fail("bad number syntax: \(text.quotedAsInGo)")
    }

    private func string() throws(TemplateError) -> String {
        let inner = Array(source.bytes[token.range.lowerBound + 1..<token.range.upperBound - 1])
        if token.kind == .rawString {
            return String(decoding: inner.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        }
        guard let value = GoNumber.unquoted(inner, quote: UInt8(ascii: "\"")) else {
            throw fail("invalid string \(text)")
        }
        return value
    }

    private func character() throws(TemplateError) -> Unicode.Scalar {
        let inner = Array(source.bytes[token.range.lowerBound + 1..<token.range.upperBound - 1])
        guard let value = GoNumber.unquoted(inner, quote: UInt8(ascii: "'")), value.unicodeScalars.count == 1,
            let scalar = value.unicodeScalars.first
        else {
            throw fail("malformed character constant: \(text)")
        }
        return scalar
    }
}

extension Command {
    /// Whether it can receive a piped value.
    fileprivate var isExecutable: Bool {
        switch operands.first?.kind {
        case .function, .field, .variable, .chain, .pipeline: true
        case .constant, .dot, .null, nil: false
        }
    }
}
