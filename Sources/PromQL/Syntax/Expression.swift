import Samples

/// A PromQL expression: checked, typed, with its place in the text.
package struct Expression: Sendable {
    package let kind: Kind
    package let type: ValueType
    /// In bytes of the text it was read from.
    package let span: Range<Int>
    /// Levels of the tree from here down; bounded by the parser, so that walking the tree can't exhaust the stack.
    let depth: Int
    /// Gives the same at every step of a query: all that it reads is fixed by `@`.
    let isStepInvariant: Bool
    /// Has durations that depend on the query's step or range.
    let hasOpenExtents: Bool

    init(_ kind: Kind, _ type: ValueType, _ span: Range<Int>) {
        self.kind = kind
        self.type = type
        self.span = span
        let children = kind.children
        depth = 1 + children.reduce(0) { max($0, $1.depth) }
        isStepInvariant = kind.isFixed(children)
        hasOpenExtents = kind.extents.contains { $0.isOpen } || children.contains { $0.hasOpenExtents }
    }

    package indirect enum Kind: Sendable {
        /// `isDuration`: written as `5m`; counts as 300.
        case number(Double, isDuration: Bool)
        case string(StringLiteral)
        case selector(VectorSelector)
        /// A selector with a range.
        case range(VectorSelector, Extent)
        case subquery(Subquery)
        case call(Call)
        case aggregate(Aggregate)
        case binary(Binary)
        case negated(Expression)
        /// `+x`, which is x.
        case plus(Expression)
        case paren(Expression)
    }

    /// The expression without parentheses around it.
    var unwrapped: Expression {
        var inner = self
        while case .paren(let next) = inner.kind { inner = next }
        return inner
    }

    /// Whether something in it puts series in an order, which then stays.
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

    /// The durations at this place of the tree.
    fileprivate var extents: [Extent] {
        switch self {
        case .selector(let selector): [selector.shift.offset]
        case .range(let selector, let range): [selector.shift.offset, range]
        case .subquery(let subquery): [subquery.shift.offset, subquery.range] + (subquery.step.map { [$0] } ?? [])
        default: []
        }
    }

    fileprivate func isFixed(_ children: [Expression]) -> Bool {
        switch self {
        case .selector(let selector), .range(let selector, _): selector.shift.anchor != nil
        case .subquery(let subquery): subquery.shift.anchor != nil
        case .call(let call): !call.function.name.readsTheTime(call.arguments) && children.allSatisfy(\.isStepInvariant)
        default: children.allSatisfy(\.isStepInvariant)
        }
    }
}

/// A string as its bytes, since `"\xff"` is a string but no text.
package struct StringLiteral: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Broken UTF-8 is repaired.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
    var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }
}

/// The time an expression looks at, as `@` and `offset` say.
package struct TimeShift: Hashable, Sendable {
    package enum Anchor: Hashable, Sendable {
        /// Milliseconds since the epoch.
        case at(Int64)
        /// The start of the whole query.
        case start
        case end
    }

    package var anchor: Anchor?
    /// Back; negative looks ahead.
    package var offset = Extent.zero
    /// Whether it was written, for `offset 0s`.
    var hasOffset = false
}

package struct VectorSelector: Hashable, Sendable {
    /// Includes the one on the name, if there is a name.
    package let matchers: [Matcher]
    /// The name written before the braces or, alone in quotes, inside them.
    package let name: String?
    package var shift = TimeShift()
}

package struct Subquery: Sendable {
    package let body: Expression
    package let range: Extent
    /// Nil stands for the evaluator's default.
    package let step: Extent?
    package var shift = TimeShift()
}

package struct Call: Sendable {
    package let function: Function
    package let arguments: [Expression]
}

/// `by (…)` or `without (…)`.
package struct Grouping: Hashable, Sendable {
    package let labels: [String]
    package let isWithout: Bool
}

package struct Aggregate: Sendable {
    package enum Operator: String, Hashable, Sendable, CaseIterable {
        case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
        case countValues = "count_values"

        /// The type of the parameter before the expression, where there is one.
        var parameter: ValueType? {
            switch self {
            case .topk, .bottomk, .quantile: .scalar
            case .countValues: .string
            default: nil
            }
        }
    }

    package let operation: Operator
    package let parameter: Expression?
    package let body: Expression
    package let grouping: Grouping
    /// Whether `by ()` was written out, for the printed form.
    let hasGrouping: Bool
}

package struct Binary: Sendable {
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

        /// Higher binds tighter.
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

    package let operation: Operator
    package let left: Expression
    package let right: Expression
    /// `bool`: a comparison gives 0 or 1 instead of filtering.
    package let returnsBool: Bool
    package let matching: Matching
}

/// Which series of the two sides belong together.
package struct Matching: Hashable, Sendable {
    package enum Cardinality: Hashable, Sendable {
        case oneToOne
        /// `group_left`: many on the left.
        case manyToOne
        /// `group_right`: many on the right.
        case oneToMany
    }

    package var cardinality = Cardinality.oneToOne
    /// `on (…)` rather than `ignoring (…)`.
    package var isOn = false
    package var labels: [String] = []
    /// Labels that group_left and group_right take over from the side of one.
    package var include: [String] = []
    /// Whether on or ignoring was written out.
    var isWritten = false
}
