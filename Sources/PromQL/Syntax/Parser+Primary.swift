import Samples
import Text

/// Numbers, strings, selectors, calls, aggregations, parentheses.
extension Parser {
    /// Keywords that are not metric names at the start of an expression.
    private static let reserved: Set<String> = ["bool", "on", "ignoring", "group_left", "group_right", "atan2"]

    mutating func primary() throws(ParseError) -> Expression {
        let token = current
        switch token.kind {
        case .number(let value, let isDuration):
            advance()
            return try node(.number(value, isDuration: isDuration), .scalar, token.span)
        case .string(let bytes):
            advance()
            return try node(.string(StringLiteral(bytes: bytes)), .string, token.span)
        case .symbol(.leftParen):
            advance()
            let inner = try expression()
            guard accept(.rightParen) else {
                throw error("unexpected \(current.what), expected \")\" for the one opened before", at: current)
            }
            return try node(.paren(inner), inner.type, from(token))
        case .symbol(.leftBrace):
            return try selector(name: nil, token)
        case .name(let name):
            let keyword = token.keyword ?? name
            if let operation = Aggregate.Operator(rawValue: keyword),
                following.is(.leftParen) || following.keyword == "by" || following.keyword == "without"
            {
                return try aggregate(operation)
            }
            if following.is(.leftParen) { return try call(name) }
            if Self.reserved.contains(keyword) { break }
            advance()
            return try selector(name: name, token)
        default: break
        }
        throw error("unexpected \(token.what), expected an expression", at: token)
    }

    func from(_ first: Token) -> Range<Int> { first.span.lowerBound..<previous.span.upperBound }

    // MARK: Selectors

    /// A selector. Starts after its name or, without one, at the brace.
    private mutating func selector(name: String?, _ first: Token) throws(ParseError) -> Expression {
        var name = name
        var matchers: [Matcher] = []
        if current.is(.leftBrace) {
            advance()
            while !current.is(.rightBrace) {
                try matcher(&name, &matchers)
                guard accept(.comma) else { break }
            }
            guard accept(.rightBrace) else {
                throw error("unexpected \(current.what) in label matching, expected \",\" or \"}\"", at: current)
            }
        }
        if let name {
            if let other = matchers.first(where: { $0.name == Labels.metricName }) {
                throw error(
                    "metric name must not be set twice: \(name.quotedAsInGo) or \(other.value.quotedAsInGo)", at: first)
            }
            matchers.append(Matcher(Labels.metricName, equals: name))
        }
        guard matchers.contains(where: { !$0.matches("") }) else {
            throw error("vector selector must contain at least one non-empty matcher", at: first)
        }
        return try node(.selector(VectorSelector(matchers: matchers, name: name)), .vector, from(first))
    }

    /// `name="value"`, `"any name"=~"…"` or, alone, the metric's name in quotes.
    private mutating func matcher(_ metric: inout String?, _ matchers: inout [Matcher]) throws(ParseError) {
        let token = current
        let label: String
        switch token.kind {
        case .name(let word):
            label = word
            guard !word.utf8.contains(UInt8(ascii: ":")) else {
                throw error("unexpected \(token.what) in label matching; a label name has no colon", at: token)
            }
        case .string(let bytes): label = try name(bytes, token, "name")
        // The lexer reads inf and nan as numbers.
        case .number where text[token.span].allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }):
            label = String(decoding: text[token.span], as: UTF8.self)
        default: throw error("unexpected \(token.what) in label matching, expected a label name or \"}\"", at: token)
        }
        advance()
        let operation: Matcher.Operation
        switch current.kind {
        case .symbol(.assign): operation = .equal
        case .symbol(.notEqual): operation = .notEqual
        case .symbol(.matches): operation = .matches
        case .symbol(.notMatches): operation = .notMatches
        case .symbol(.comma), .symbol(.rightBrace):
            guard case .string = token.kind else { fallthrough }
            if let metric {
                throw error(
                    "metric name must not be set twice: \(metric.quotedAsInGo) or \(label.quotedAsInGo)", at: token)
            }
            metric = label
            return
        default:
            throw error(
                "unexpected \(current.what) in label matching, expected one of \"=\", \"!=\", \"=~\", \"!~\"",
                at: current)
        }
        advance()
        let value = current
        guard case .string(let bytes) = value.kind else {
            throw error("unexpected \(current.what) in label matching, expected a string", at: current)
        }
        advance()
        do {
            matchers.append(try Matcher(label, operation, String(decoding: bytes, as: UTF8.self)))
        } catch let failure {
            throw error(failure.description, at: value)
        }
    }

    /// A metric's or label's name in quotes: any UTF-8 but the empty string.
    private func name(_ bytes: [UInt8], _ token: Token, _ what: String) throws(ParseError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
            throw error("invalid \(what): \(token.what)", at: token)
        }
        return text
    }

    /// The labels of a grouping or a matching: `(a, "b c", d)`.
    mutating func labelList() throws(ParseError) -> [String] {
        try expect(.leftParen, "in grouping opts")
        var labels: [String] = []
        while !current.is(.rightParen) {
            switch current.kind {
            case .name(let word) where !word.utf8.contains(UInt8(ascii: ":")) && current.keyword != "without":
                labels.append(word)
            case .string(let bytes): labels.append(try name(bytes, current, "label name"))
            default: throw error("unexpected \(current.what) in grouping opts, expected a label name", at: current)
            }
            advance()
            guard accept(.comma) else { break }
        }
        try expect(.rightParen, "in grouping opts")
        return labels
    }

    // MARK: Calls

    private mutating func call(_ name: String) throws(ParseError) -> Expression {
        let first = advance()
        guard let function = Function.all[name] else {
            let known = Array(Function.all.keys) + Aggregate.Operator.allCases.map(\.rawValue)
            let hint = nearest(name.lowercased(), in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw error(
                "unknown function with name \(name.quotedAsInGo)\(hint)", at: first)
        }
        let arguments = try self.arguments()
        let (min, max) = function.arity
        if arguments.count < min || arguments.count > max ?? .max {
            let expected =
                max == nil ? "at least \(min)" : max == min ? "\(min)" : "\(min) or \(max ?? min)"
            throw error("expected \(expected) argument(s) in call to \"\(name)\", got \(arguments.count)", at: first)
        }
        for (index, argument) in arguments.enumerated() where argument.type != function.parameter(index) {
            throw ParseError(
                "expected type \(function.parameter(index).rawValue) in call to function \"\(name)\", got \(argument.type.rawValue)",
                at: argument.span.lowerBound, in: text)
        }
        return try node(.call(Call(function: function, arguments: arguments)), function.result, from(first))
    }

    private mutating func arguments() throws(ParseError) -> [Expression] {
        try expect(.leftParen, "in call")
        var arguments: [Expression] = []
        if accept(.rightParen) { return arguments }
        while true {
            arguments.append(try expression())
            guard accept(.comma) else { break }
            if current.is(.rightParen) {
                throw error("trailing commas not allowed in function call args", at: previous)
            }
        }
        guard accept(.rightParen) else {
            throw error("unexpected \(current.what) in call, expected \",\" or \")\"", at: current)
        }
        return arguments
    }

    private mutating func aggregate(_ operation: Aggregate.Operator) throws(ParseError) -> Expression {
        let first = advance()
        var grouping = try self.grouping()
        var arguments = try self.arguments()
        if grouping == nil { grouping = try self.grouping() }
        guard let body = arguments.popLast() else {
            throw error("no arguments for aggregate expression provided", at: first)
        }
        let expected = operation.parameter == nil ? 0 : 1
        guard arguments.count == expected else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(expected + 1), got \(arguments.count + 1)",
                at: first)
        }
        if let type = operation.parameter, let parameter = arguments.first, parameter.type != type {
            throw ParseError(
                "expected type \(type.rawValue) in aggregation parameter, got \(parameter.type.rawValue)",
                at: parameter.span.lowerBound, in: text)
        }
        guard body.type == .vector else {
            throw ParseError(
                "expected type instant vector in aggregation expression, got \(body.type.rawValue)",
                at: body.span.lowerBound, in: text)
        }
        let aggregate = Aggregate(
            operation: operation, parameter: arguments.first, body: body,
            grouping: grouping ?? Grouping(labels: [], isWithout: false), hasGrouping: grouping != nil)
        return try node(.aggregate(aggregate), .vector, from(first))
    }

    private mutating func grouping() throws(ParseError) -> Grouping? {
        guard let word = current.keyword, word == "by" || word == "without" else { return nil }
        advance()
        return Grouping(labels: try labelList(), isWithout: word == "without")
    }
}
