import Samples
package import Text

extension Expression {
    /// Writes the tree in the form of Prometheus' `/api/v1/parse_query`, which its query page draws. Durations are
    /// milliseconds. Source: prometheus.io/docs/prometheus/latest/querying/api, "Parsing PromQL expressions";
    /// prometheus, web/api/v1/translate_ast.go.
    package func write(to json: inout JSONWriter) {
        json.object { one in
            switch kind {
            case .number(let value, _):
                one.field("type", "numberLiteral")
                one.field("val", value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : goFormatPlain(value))
            case .string(let literal):
                one.field("type", "stringLiteral")
                one.field("val", literal.text)
            case .selector(let selector):
                one.field("type", "vectorSelector")
                selector.write(&one)
            case .range(let selector, let range):
                one.field("type", "matrixSelector")
                one.field("range", range.milliseconds)
                selector.write(&one)
            case .subquery(let subquery):
                one.field("type", "subquery")
                one.key("expr")
                subquery.body.write(to: &one)
                one.field("range", subquery.range.milliseconds)
                one.field("step", subquery.step?.milliseconds ?? 0)
                subquery.modifiers.write(&one)
            case .call(let call): Expression.write(call, &one)
            case .aggregate(let aggregate):
                one.field("type", "aggregation")
                one.field("op", aggregate.operation.rawValue)
                one.key("expr")
                aggregate.body.write(to: &one)
                one.key("param")
                if let parameter = aggregate.parameter { parameter.write(to: &one) } else { one.null() }
                one.field("grouping", aggregate.grouping.labels)
                one.field("without", aggregate.grouping.isWithout)
            case .binary(let binary): Expression.write(binary, &one)
            case .negated(let inner), .plus(let inner):
                one.field("type", "unaryExpr")
                if case .negated = kind { one.field("op", "-") } else { one.field("op", "+") }
                one.key("expr")
                inner.write(to: &one)
            case .paren(let inner):
                one.field("type", "parenExpr")
                one.key("expr")
                inner.write(to: &one)
            }
        }
    }

    private static func write(_ call: Call, _ one: inout JSONWriter) {
        one.field("type", "call")
        one.key("func")
        one.object { function in
            function.field("name", call.function.name.rawValue)
            function.field("argTypes", call.function.parameters.map(\.shortName))
            function.field("variadic", call.function.isVariadic ? -1 : call.function.optional)
            function.field("returnType", call.function.result.shortName)
        }
        one.key("args")
        one.array { list in for argument in call.arguments { argument.write(to: &list) } }
    }

    private static func write(_ binary: Binary, _ one: inout JSONWriter) {
        one.field("type", "binaryExpr")
        one.field("op", binary.operation.rawValue)
        one.key("lhs")
        binary.left.write(to: &one)
        one.key("rhs")
        binary.right.write(to: &one)
        one.key("matching")
        if binary.left.type == .vector, binary.right.type == .vector {
            one.object { matching in
                matching.field("card", binary.operation.isSet ? "many-to-many" : binary.matching.cardinality.name)
                matching.field("labels", binary.matching.labels)
                matching.field("on", binary.matching.isOn)
                matching.field("include", binary.matching.include)
            }
        } else {
            one.null()
        }
        one.field("bool", binary.returnsBool)
    }
}

extension VectorSelector {
    fileprivate func write(_ one: inout JSONWriter) {
        one.field("name", name ?? "")
        one.key("matchers")
        one.array { list in
            for matcher in matchers {
                list.object { item in
                    item.field("name", matcher.name)
                    item.field("value", matcher.value)
                    item.field("type", matcher.operation.rawValue)
                }
            }
        }
        modifiers.write(&one)
    }
}

extension TimeModifiers {
    fileprivate func write(_ one: inout JSONWriter) {
        one.field("offset", offset.milliseconds)
        one.key("timestamp")
        if case .at(let time)? = anchor { one.number(time) } else { one.null() }
        one.key("startOrEnd")
        switch anchor {
        case .start?: one.string("start")
        case .end?: one.string("end")
        case .at?, nil: one.null()
        }
    }
}

extension Matching.Cardinality {
    fileprivate var name: String {
        switch self {
        case .oneToOne: "one-to-one"
        case .manyToOne: "many-to-one"
        case .oneToMany: "one-to-many"
        }
    }
}

extension ValueType {
    /// Prometheus' short name of the type.
    fileprivate var shortName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }
}
