extension Expression {
    /// The expression with `step()` and `range()` in its durations replaced by the query's values.
    /// - Throws: `EvaluationError` where a duration is then out of range.
    func resolved(step: Duration, range: Duration) throws(EvaluationError) -> Expression {
        guard hasUnresolvedDurations else { return self }
        func inner(_ expression: Expression) throws(EvaluationError) -> Expression {
            try expression.resolved(step: step, range: range)
        }
        func length(_ duration: PromQLDuration) throws(EvaluationError) -> PromQLDuration {
            try duration.resolved(step: step, range: range, mustBePositive: true)
        }
        func resolved(_ modifiers: TimeModifiers) throws(EvaluationError) -> TimeModifiers {
            var modifiers = modifiers
            modifiers.offset = try modifiers.offset.resolved(step: step, range: range, mustBePositive: false)
            return modifiers
        }
        func selector(_ selector: VectorSelector) throws(EvaluationError) -> VectorSelector {
            var selector = selector
            selector.modifiers = try resolved(selector.modifiers)
            return selector
        }
        let kind: Kind
        switch self.kind {
        case .number, .string: kind = self.kind
        case .selector(let old): kind = .selector(try selector(old))
        case .range(let old, let range): kind = .range(try selector(old), try length(range))
        case .subquery(let old):
            var step = old.step
            if let unresolved = step { step = try length(unresolved) }
            kind = .subquery(
                Subquery(
                    body: try inner(old.body), range: try length(old.range), step: step,
                    modifiers: try resolved(old.modifiers)))
        case .call(let old):
            var arguments: [Expression] = []
            for argument in old.arguments { arguments.append(try inner(argument)) }
            kind = .call(Call(function: old.function, arguments: arguments))
        case .aggregate(let old):
            var parameter = old.parameter
            if let unresolved = parameter { parameter = try inner(unresolved) }
            kind = .aggregate(
                Aggregate(
                    operation: old.operation, parameter: parameter, body: try inner(old.body), grouping: old.grouping,
                    hasGrouping: old.hasGrouping))
        case .binary(let old):
            kind = .binary(
                Binary(
                    operation: old.operation, left: try inner(old.left), right: try inner(old.right),
                    returnsBool: old.returnsBool, matching: old.matching))
        case .negated(let old): kind = .negated(try inner(old))
        case .plus(let old): kind = .plus(try inner(old))
        case .paren(let old): kind = .paren(try inner(old))
        }
        return Expression(kind, type, span)
    }
}
