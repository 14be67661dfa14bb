import Samples
import Text

/// The suffixes of a selector or an expression: `[5m]`, `[5m:1m]`, `offset`, `@`.
extension Parser {
    mutating func suffixed() throws(ParseError) -> Expression {
        var expression = try primary()
        while true {
            if current.is(.leftBracket) {
                expression = try bracketed(expression)
            } else if current.is(.at) || current.keyword == "offset" {
                expression = try withModifiers(expression)
            } else {
                return expression
            }
        }
    }

    private mutating func bracketed(_ expression: Expression) throws(ParseError) -> Expression {
        let bracket = advance()
        let range = try duration("in range") { (parser) throws(ParseError) in try parser.durationExpression() }
        if accept(.colon) {
            let step =
                current.is(.rightBracket)
                ? nil
                : try duration("in subquery step") { (parser) throws(ParseError) in try parser.durationExpression() }
            guard accept(.rightBracket) else {
                throw error("unexpected \(current.what) in subquery, expected \"]\"", at: current)
            }
            guard expression.type == .vector else {
                throw ParseError(
                    "subquery is only allowed on instant vector, got \(expression.type.rawValue) instead",
                    at: expression.span.lowerBound, in: text)
            }
            let span = expression.span.lowerBound..<previous.span.upperBound
            return try node(.subquery(Subquery(body: expression, range: range, step: step)), .matrix, span)
        }
        guard accept(.rightBracket) else {
            throw error("unexpected \(current.what) in range, expected \"]\" or \":\"", at: current)
        }
        guard case .selector(let selector) = expression.kind else {
            throw error("ranges only allowed for vector selectors; for a subquery write [5m:] or [5m:1m]", at: bracket)
        }
        if selector.modifiers.hasOffset { throw error("no offset modifiers allowed before range", at: bracket) }
        if selector.modifiers.anchor != nil { throw error("no @ modifiers allowed before range", at: bracket) }
        return try node(.range(selector, range), .matrix, expression.span.lowerBound..<previous.span.upperBound)
    }

    private mutating func withModifiers(_ expression: Expression) throws(ParseError) -> Expression {
        let word = advance()
        let isOffset = word.keyword == "offset"
        var modifiers: TimeModifiers
        switch expression.kind {
        case .selector(let selector): modifiers = selector.modifiers
        case .range(let selector, _): modifiers = selector.modifiers
        case .subquery(let subquery): modifiers = subquery.modifiers
        default:
            throw error(
                "\(isOffset ? "offset" : "@") modifier must be preceded by an instant vector selector or range vector selector or a subquery",
                at: word)
        }
        if isOffset {
            guard !modifiers.hasOffset else { throw error("offset may not be set multiple times", at: word) }
            modifiers.offset = try duration("in offset", mayBeNegative: true) { (parser) throws(ParseError) in
                try parser.durationOperand("in offset")
            }
            modifiers.hasOffset = true
        } else {
            guard modifiers.anchor == nil else { throw error("@ <timestamp> may not be set multiple times", at: word) }
            modifiers.anchor = try anchor()
        }
        let span = expression.span.lowerBound..<previous.span.upperBound
        switch expression.kind {
        case .selector(var selector):
            selector.modifiers = modifiers
            return try node(.selector(selector), .vector, span)
        case .range(var selector, let range):
            selector.modifiers = modifiers
            return try node(.range(selector, range), .matrix, span)
        case .subquery(var subquery):
            subquery.modifiers = modifiers
            return try node(.subquery(subquery), .matrix, span)
        default: return expression
        }
    }

    private mutating func anchor() throws(ParseError) -> TimeModifiers.Anchor {
        let token = current
        if let word = token.keyword, word == "start" || word == "end", following.is(.leftParen) {
            advance()
            advance()
            try expect(.rightParen, "in @ modifier")
            return word == "start" ? .start : .end
        }
        let seconds = try signedNumber("in @ modifier, expected a timestamp, start() or end()")
        let milliseconds = (seconds * 1000).rounded()
        guard milliseconds.magnitude <= DurationExpression.maxMilliseconds else {
            throw error("timestamp out of bounds for @ modifier: \(goFormat(seconds))", at: token)
        }
        return .at(Int64(saturating: milliseconds))
    }

    private mutating func signedNumber(_ context: String) throws(ParseError) -> Double {
        let isNegative = current.is(.minus)
        if isNegative || current.is(.plus) { advance() }
        guard case .number(let value, _) = current.kind else {
            throw error("unexpected \(current.what) \(context)", at: current)
        }
        advance()
        return isNegative ? -value : value
    }
}
