import Samples
import Text

extension Expression {
    /// The maximum size of an expression, in bytes.
    package static let textLimit = 256 * 1024

    /// Parses and type-checks an expression. Source: prometheus/prometheus, promql/parser.
    /// - Throws: `ParseError` at the first syntax error, wrong type or wrong number of arguments.
    package static func parse(_ text: String) throws(ParseError) -> Expression {
        let bytes = Array(text.utf8)
        guard bytes.count <= textLimit else {
            throw ParseError("the expression is longer than \(textLimit) bytes", at: 0, in: Array(bytes.prefix(80)))
        }
        var parser = Parser(text: bytes, tokens: try Lexer.tokens(bytes))
        return try parser.whole()
    }
}

/// Builds the tree from the tokens by precedence climbing. Each node is checked where it is built.
struct Parser {
    /// The maximum nesting of the text.
    private static let nestingLimit = 200
    /// The maximum depth of the tree, to which a chain `a + a + …` adds with each operator.
    private static let treeDepthLimit = 1000

    let text: [UInt8]
    private let tokens: [Token]
    private var position = 0
    var nesting = 0
    /// The number of operators in durations so far.
    var durationOperators = 0
    /// The maximum number of operators in an expression's durations.
    static let durationOperatorLimit = 200

    init(text: [UInt8], tokens: [Token]) {
        self.text = text
        self.tokens = tokens
    }

    mutating func whole() throws(ParseError) -> Expression {
        guard current.kind != .end else { throw error("no expression found in input", at: current) }
        let expression = try self.expression()
        guard current.kind == .end else { throw error("unexpected \(current.what) after the expression", at: current) }
        return expression
    }

    // MARK: Operators

    /// An expression whose binary operators have at least this precedence.
    mutating func expression(minPrecedence: Int = 1) throws(ParseError) -> Expression {
        try descend()
        defer { nesting -= 1 }
        var left = try unary()
        while let operation = binaryOperator(current), operation.precedence >= minPrecedence {
            let sign = advance()
            let returnsBool = accept(keyword: "bool")
            if returnsBool, !operation.isComparison {
                throw error("bool modifier can only be used on comparison operators", at: previous)
            }
            let matching = try self.matching()
            // Only ^ is right-associative.
            let right = try expression(
                minPrecedence: operation == .power ? operation.precedence : operation.precedence + 1)
            left = try binary(operation, sign, left, right, returnsBool, matching)
        }
        return left
    }

    /// Counts one level of nesting. The caller decrements `nesting` when it returns.
    mutating func descend() throws(ParseError) {
        guard nesting < Self.nestingLimit else {
            throw error("nested deeper than \(Self.nestingLimit) levels", at: current)
        }
        nesting += 1
    }

    func binaryOperator(_ token: Token) -> Binary.Operator? {
        switch token.kind {
        case .symbol(let symbol): Binary.Operator(rawValue: symbol.rawValue)
        case .name:
            token.keyword.flatMap {
                ["and", "or", "unless", "atan2"].contains($0) ? Binary.Operator(rawValue: $0) : nil
            }
        default: nil
        }
    }

    private mutating func unary() throws(ParseError) -> Expression {
        guard current.is(.minus) || current.is(.plus) else { return try suffixed() }
        let sign = advance()
        // -1^2 is -(1^2), but -a * b is (-a) * b.
        let operand = try expression(minPrecedence: Binary.Operator.power.precedence)
        let span = sign.span.lowerBound..<operand.span.upperBound
        guard operand.type == .scalar || operand.type == .vector else {
            throw error(
                "unary expression only allowed on expressions of type scalar or instant vector, got \(operand.type.rawValue)",
                at: sign)
        }
        if case .number(let value, let isDuration) = operand.kind {
            return try node(.number(sign.is(.minus) ? -value : value, isDuration: isDuration), .scalar, span)
        }
        return try node(sign.is(.minus) ? .negated(operand) : .plus(operand), operand.type, span)
    }

    /// `on (…)` or `ignoring (…)`, with `group_left (…)` or `group_right (…)`.
    private mutating func matching() throws(ParseError) -> Matching {
        var matching = Matching()
        guard let word = current.keyword, word == "on" || word == "ignoring" else { return matching }
        advance()
        matching.isWritten = true
        matching.isOn = word == "on"
        matching.labels = try labelList()
        guard let word = current.keyword, word == "group_left" || word == "group_right" else { return matching }
        advance()
        matching.cardinality = word == "group_left" ? .manyToOne : .oneToMany
        if current.is(.leftParen) { matching.include = try labelList() }
        return matching
    }

    private func binary(
        _ operation: Binary.Operator, _ sign: Token, _ left: Expression, _ right: Expression, _ returnsBool: Bool,
        _ matching: Matching
    ) throws(ParseError) -> Expression {
        for side in [left, right] where side.type != .scalar && side.type != .vector {
            throw ParseError(
                "binary expression must contain only scalar and instant vector types, got \(side.type.rawValue)",
                at: side.span.lowerBound, in: text)
        }
        let vectors = left.type == .vector && right.type == .vector
        if operation.isComparison, left.type == .scalar, right.type == .scalar, !returnsBool {
            throw error("comparisons between scalars must use bool modifier", at: sign)
        }
        if operation.isSet, !vectors {
            throw error("set operator \"\(operation.rawValue)\" not allowed in binary scalar expression", at: sign)
        }
        if !matching.labels.isEmpty, !vectors {
            throw error("vector matching only allowed between instant vectors", at: sign)
        }
        if operation.isSet, matching.cardinality != .oneToOne {
            throw error("no grouping allowed for \"\(operation.rawValue)\" operation", at: sign)
        }
        if matching.isOn, let label = matching.include.first(where: { matching.labels.contains($0) }) {
            throw error("label \(label.quotedAsInGo) must not occur in ON and GROUP clause at once", at: sign)
        }
        let type: ValueType = left.type == .vector || right.type == .vector ? .vector : .scalar
        let kind = Expression.Kind.binary(
            Binary(
                operation: operation, left: left, right: right, returnsBool: returnsBool,
                matching: vectors ? matching : Matching()))
        return try node(kind, type, left.span.lowerBound..<right.span.upperBound)
    }

    // MARK: Shared by the parser's extensions

    func node(_ kind: Expression.Kind, _ type: ValueType, _ span: Range<Int>) throws(ParseError) -> Expression {
        let node = Expression(kind, type, span)
        guard node.depth <= Self.treeDepthLimit else {
            throw ParseError("more than \(Self.treeDepthLimit) operations in a chain", at: span.lowerBound, in: text)
        }
        return node
    }

    var current: Token { tokens[min(position, tokens.count - 1)] }
    var following: Token { tokens[min(position + 1, tokens.count - 1)] }
    var previous: Token { tokens[max(0, position - 1)] }

    @discardableResult mutating func advance() -> Token {
        let token = current
        position += 1
        return token
    }

    mutating func accept(_ symbol: Token.Symbol) -> Bool {
        guard current.is(symbol) else { return false }
        advance()
        return true
    }

    mutating func accept(keyword: String) -> Bool {
        guard current.keyword == keyword else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol, _ context: String) throws(ParseError) {
        guard accept(symbol) else {
            throw error("unexpected \(current.what) \(context), expected \"\(symbol.rawValue)\"", at: current)
        }
    }

    func error(_ message: String, at token: Token) -> ParseError {
        ParseError(message, at: token.span.lowerBound, in: text)
    }
}
