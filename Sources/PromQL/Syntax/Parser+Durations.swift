import Samples

/// Durations, and arithmetic with them.
extension Parser {
    /// - Parameter read: reads the duration itself.
    mutating func extent(
        _ context: String, mayBeNegative: Bool = false, _ read: (inout Parser) throws(ParseError) -> DurationExpression
    ) throws(ParseError) -> Extent {
        let first = current
        let expression = try read(&self)
        do throws(DurationExpression.Problem) {
            return try Extent(expression, mustBePositive: !mayBeNegative)
        } catch {
            throw self.error(error.message, at: first)
        }
    }

    /// Inside brackets, where nothing else can follow: operators and all.
    mutating func durationExpression(least: Int = Binary.Operator.add.precedence) throws(ParseError)
        -> DurationExpression
    {
        try descend()
        defer { nesting -= 1 }
        var left = try durationOperand("in a duration")
        while let operation = binaryOperator(current), !operation.isComparison, operation != .atan2,
            operation.precedence >= least
        {
            advance()
            chain += 1
            guard chain <= Self.longestChain else {
                throw error("more than \(Self.longestChain) operations in a duration", at: previous)
            }
            let right = try durationExpression(
                least: operation == .power ? operation.precedence : operation.precedence + 1)
            left = .arithmetic(operation, left, right)
        }
        return left
    }

    /// One duration: a literal, `step()`, `range()`, `min(a, b)`, `max(a, b)`, something in parentheses, or a sign
    /// before these.
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
                operand = .arithmetic(.power, operand, try durationExpression(least: Binary.Operator.power.precedence))
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
