package import Samples

/// A PromQL expression: parsed, type-checked, and with its position in the text.
package struct Expression: Sendable {
    /// The node and its operands.
    package let kind: Kind
    /// The type of its value.
    package let type: ValueType
    /// The position in bytes of the text.
    package let span: Range<Int>
    /// The depth of the tree below this node. The parser bounds it, so that recursion can't exhaust the stack.
    let depth: Int
    /// Whether it has the same value at every step of a query, since `@` fixes the time of all that it reads.
    let isStepInvariant: Bool
    /// Whether any of its durations depend on the query's step or range.
    let hasUnresolvedDurations: Bool

    init(_ kind: Kind, _ type: ValueType, _ span: Range<Int>) {
        self.kind = kind
        self.type = type
        self.span = span
        let children = kind.children
        depth = 1 + children.reduce(0) { max($0, $1.depth) }
        isStepInvariant = kind.isFixed(children)
        hasUnresolvedDurations =
            kind.durations.contains { $0.isUnresolved } || children.contains { $0.hasUnresolvedDurations }
    }

    /// The node types.
    package indirect enum Kind: Sendable {
        /// `isDuration` is true where the number was written as a duration, `5m` for 300.
        case number(Double, isDuration: Bool)
        case string(StringLiteral)
        case selector(VectorSelector)
        /// A selector with a range.
        case range(VectorSelector, PromQLDuration)
        case subquery(Subquery)
        case call(Call)
        case aggregate(Aggregate)
        case binary(Binary)
        case negated(Expression)
        /// `+x`, which has the value of x.
        case plus(Expression)
        case paren(Expression)
    }

    /// The expression without parentheses around it.
    var unwrapped: Expression {
        var inner = self
        while case .paren(let next) = inner.kind { inner = next }
        return inner
    }

    /// Whether any function in it orders the result, so that it must not be sorted by labels.
    var isOrdered: Bool {
        switch kind {
        case .call(let call)
        where [.sort, .sort_desc, .sort_by_label, .sort_by_label_desc].contains(call.function.name): true
        case .aggregate(let aggregate) where aggregate.operation == .topk || aggregate.operation == .bottomk: true
        default: children.contains(where: \.isOrdered)
        }
    }

    /// The expressions directly below, in the order of the text.
    package var children: [Expression] { kind.children }
}

extension Expression.Kind {
    fileprivate var children: [Expression] {
        switch self {
        case .number, .string, .selector, .range: []
        case .subquery(let subquery): [subquery.body]
        case .call(let call): call.arguments
        case .aggregate(let aggregate): (aggregate.parameter.map { [$0] } ?? []) + [aggregate.body]
        case .binary(let binary): [binary.left, binary.right]
        case .negated(let inner), .plus(let inner), .paren(let inner): [inner]
        }
    }

    /// The durations of this node itself.
    fileprivate var durations: [PromQLDuration] {
        switch self {
        case .selector(let selector): [selector.modifiers.offset]
        case .range(let selector, let range): [selector.modifiers.offset, range]
        case .subquery(let subquery): [subquery.modifiers.offset, subquery.range] + (subquery.step.map { [$0] } ?? [])
        default: []
        }
    }

    fileprivate func isFixed(_ children: [Expression]) -> Bool {
        switch self {
        case .selector(let selector), .range(let selector, _): selector.modifiers.anchor != nil
        case .subquery(let subquery): subquery.modifiers.anchor != nil
        case .call(let call):
            !call.function.name.dependsOnTime(call.arguments) && children.allSatisfy(\.isStepInvariant)
        default: children.allSatisfy(\.isStepInvariant)
        }
    }
}

/// A string literal. It is kept as bytes, since `"\xff"` is a valid string but not valid UTF-8.
package struct StringLiteral: Hashable, Sendable {
    /// The unescaped bytes.
    package let bytes: [UInt8]

    /// A literal from its unescaped bytes.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// The text; invalid UTF-8 is replaced by U+FFFD.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
    var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }
}

/// The `@` and `offset` modifiers of a selector or subquery.
package struct TimeModifiers: Hashable, Sendable {
    /// The time given by `@`.
    package enum Anchor: Hashable, Sendable {
        /// Milliseconds since the epoch.
        case at(Int64)
        /// `start()`: the first step of the query.
        case start
        /// `end()`: the last step of the query.
        case end
    }

    /// The `@` modifier; nil stands for the evaluation time.
    package var anchor: Anchor?
    /// How far back the `offset` modifier reaches; negative is into the future.
    package var offset = PromQLDuration.zero
    /// Whether `offset` was given, which `offset 0s` also does.
    var hasOffset = false
}

/// A selector such as `up{job="vault"} offset 5m`.
package struct VectorSelector: Hashable, Sendable {
    /// All matchers, that on `__name__` included.
    package let matchers: [Matcher]
    /// The metric's name where it was written before the braces or, in quotes, inside them.
    package let name: String?
    /// The `@` and `offset` modifiers.
    package var modifiers = TimeModifiers()
}

/// A subquery such as `rate(x[5m])[1h:1m]`.
package struct Subquery: Sendable {
    /// The instant vector that is evaluated at each step.
    package let body: Expression
    /// The range.
    package let range: PromQLDuration
    /// The step; nil stands for `EvaluationLimits.defaultStep`.
    package let step: PromQLDuration?
    /// The `@` and `offset` modifiers.
    package var modifiers = TimeModifiers()
}

/// A function call.
package struct Call: Sendable {
    /// The function.
    package let function: Function
    /// The arguments, whose number and types fit the function.
    package let arguments: [Expression]
}

/// The grouping of an aggregation: `by (…)` or `without (…)`.
package struct Grouping: Hashable, Sendable {
    /// The label names.
    package let labels: [String]
    /// Whether it is `without` rather than `by`.
    package let isWithout: Bool
}

/// An aggregation such as `sum by (job) (up)`.
package struct Aggregate: Sendable {
    /// The aggregation operators. The raw values are the names in PromQL.
    package enum Operator: String, Hashable, Sendable, CaseIterable {
        case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
        case countValues = "count_values"

        /// The type of the operator's parameter; nil where it has none.
        var parameter: ValueType? {
            switch self {
            case .topk, .bottomk, .quantile: .scalar
            case .countValues: .string
            default: nil
            }
        }
    }

    /// The operator.
    package let operation: Operator
    /// The first argument of `topk`, `bottomk`, `quantile` and `count_values`.
    package let parameter: Expression?
    /// The instant vector to aggregate.
    package let body: Expression
    /// The grouping; `by ()` where none is given.
    package let grouping: Grouping
    /// Whether a grouping was given, for the printed form.
    let hasGrouping: Bool
}

/// A binary operation.
package struct Binary: Sendable {
    /// The binary operators. The raw values are their spellings in PromQL.
    package enum Operator: String, Hashable, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^", atan2
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
        case and, or, unless

        var isComparison: Bool {
            switch self {
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
            default: false
            }
        }

        var isSet: Bool { self == .and || self == .or || self == .unless }

        /// The precedence; a higher one binds tighter.
        var precedence: Int {
            switch self {
            case .or: 1
            case .and, .unless: 2
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
            case .add, .subtract: 4
            case .multiply, .divide, .modulo, .atan2: 5
            case .power: 6
            }
        }
    }

    /// The operator.
    package let operation: Operator
    /// The left operand.
    package let left: Expression
    /// The right operand.
    package let right: Expression
    /// Whether the `bool` modifier is given: a comparison returns 0 or 1 instead of filtering.
    package let returnsBool: Bool
    /// How series of the two sides are matched.
    package let matching: Matching
}

/// Vector matching: which series of the two sides belong together.
package struct Matching: Hashable, Sendable {
    /// How many series of a group each side may have.
    package enum Cardinality: Hashable, Sendable {
        case oneToOne
        /// `group_left`: many on the left.
        case manyToOne
        /// `group_right`: many on the right.
        case oneToMany
    }

    /// How many series of a group each side may have.
    package var cardinality = Cardinality.oneToOne
    /// Whether it is `on (…)` rather than `ignoring (…)`.
    package var isOn = false
    /// The labels of `on` or `ignoring`.
    package var labels: [String] = []
    /// The labels that group_left and group_right copy from the "one" side.
    package var include: [String] = []
    /// Whether `on` or `ignoring` was given.
    var isWritten = false
}
