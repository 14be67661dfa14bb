import Samples

/// Durations, and arithmetic with them.
extension Parser {
    /// A duration with its checks.
    /// - Parameters:
    ///   - context: where it is, for errors.
    ///   - read: parses the duration itself.
    mutating func duration(
        _ context: String, mayBeNegative: Bool = false, _ read: (inout Parser) throws(ParseError) -> DurationExpression
    ) throws(ParseError) -> PromQLDuration {
        let first = current
        let expression = try read(&self)
        do throws(DurationExpression.Problem) {
            return try PromQLDuration(expression, mustBePositive: !mayBeNegative)
        } catch {
            throw self.error(error.message, at: first)
        }
    }

    /// A duration with binary operators, as inside brackets.
    mutating func durationExpression(minPrecedence: Int = Binary.Operator.add.precedence) throws(ParseError)
        -> DurationExpression
    {
        try descend()
        defer { nesting -= 1 }
        var left = try durationOperand("in a duration")
        while let operation = binaryOperator(current), !operation.isComparison, operation != .atan2,
            operation.precedence >= minPrecedence
        {
            advance()
            durationOperators += 1
            guard durationOperators <= Self.durationOperatorLimit else {
                throw error("more than \(Self.durationOperatorLimit) operations in a duration", at: previous)
            }
            let right = try durationExpression(
                minPrecedence: operation == .power ? operation.precedence : operation.precedence + 1)
            left = .arithmetic(operation, left, right)
        }
        return left
    }

    /// One duration: a literal, `step()`, `range()`, `min(a, b)`, `max(a, b)` or an expression in parentheses, with any
    /// number of signs.
    mutating func durationOperand(_ context: String) throws(ParseError) -> DurationExpression {
        try descend()
        defer { nesting -= 1 }
        let token = current
        if token.is(.minus) || token.is(.plus) {
            advance()
            var operand = try durationOperand(context)
            // -2^2 is -(2^2).
            if context != "in offset", binaryOperator(current) == .power {
                advance()
                operand = .arithmetic(
                    .power, operand, try durationExpression(minPrecedence: Binary.Operator.power.precedence))
            }
            return token.is(.minus) ? .negated(operand) : .plus(operand)
        }
        switch token.kind {
        case .number(let value, let isDuration):
            advance()
            return .seconds(value, isDuration: isDuration)
        case .symbol(.leftParen):
            advance()
            let inner = try durationExpression()
            try expect(.rightParen, context)
            return .paren(inner)
        case .name where following.is(.leftParen):
            let word = token.keyword
            advance()
            advance()
            if word == "step" || word == "range" {
                try expect(.rightParen, context)
                return word == "step" ? .step : .range
            }
            guard word == "min" || word == "max" else { break }
            let a = try durationExpression()
            try expect(.comma, context)
            let b = try durationExpression()
            try expect(.rightParen, context)
            return .extreme(isLargest: word == "max", a, b)
        default: break
        }
        throw error("unexpected \(token.what) \(context), expected a duration such as 5m", at: token)
    }
}
