/// The signature of a PromQL function. Source: prometheus/prometheus, promql/parser/functions.go.
package struct Function: Hashable, Sendable {
    /// The function.
    package let name: Name
    let parameters: [ValueType]
    /// The number of trailing parameters that may be omitted.
    var optional = 0
    /// Whether the last parameter may be given any number of times, or not at all.
    var isVariadic = false
    /// The type of the function's result.
    package let result: ValueType

    /// The functions. The raw values are the names in PromQL.
    package enum Name: String, Hashable, Sendable, CaseIterable {
        case abs, absent, absent_over_time, acos, acosh, asin, asinh, atan, atanh, avg_over_time
        case ceil, changes, clamp, clamp_max, clamp_min, cos, cosh, count_over_time
        case day_of_month, day_of_week, day_of_year, days_in_month, deg, delta, deriv, double_exponential_smoothing
        case exp, first_over_time, floor
        case histogram_avg, histogram_count, histogram_fraction, histogram_quantile, histogram_stddev, histogram_stdvar,
            histogram_sum, hour
        case idelta, increase, irate, label_join, label_replace, last_over_time, ln, log10, log2
        case mad_over_time, max_over_time, min_over_time, minute, month, pi, predict_linear, present_over_time
        case quantile_over_time, rad, rate, resets, round, scalar, sgn, sin, sinh, sort, sort_by_label,
            sort_by_label_desc, sort_desc
        case sqrt, stddev_over_time, stdvar_over_time, sum_over_time, tan, tanh, time, timestamp
        case ts_of_first_over_time, ts_of_last_over_time, ts_of_max_over_time, ts_of_min_over_time
        case vector, year

        /// Whether the result depends on the evaluation time in addition to the arguments.
        func dependsOnTime(_ arguments: [Expression]) -> Bool {
            switch self {
            case .time, .predict_linear: true
            case .day_of_month, .day_of_week, .day_of_year, .days_in_month, .hour, .minute, .month, .year:
                arguments.isEmpty
            case .timestamp: if case .selector? = arguments.first?.unwrapped.kind { false } else { true }
            default: false
            }
        }
    }

    static let all: [String: Function] = {
        var table: [String: Function] = [:]
        for name in Name.allCases { table[name.rawValue] = signature(name) }
        return table
    }()

    private static func signature(_ name: Name) -> Function {
        switch name {
        case .absent, .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg, .exp, .floor, .ln,
            .log10, .log2,
            .rad, .sgn, .sin, .sinh, .sort, .sort_desc, .sqrt, .tan, .tanh, .timestamp,
            .histogram_avg, .histogram_count, .histogram_stddev, .histogram_stdvar, .histogram_sum:
            Function(name: name, parameters: [.vector], result: .vector)
        case .absent_over_time, .avg_over_time, .changes, .count_over_time, .delta, .deriv, .first_over_time, .idelta,
            .increase, .irate,
            .last_over_time, .mad_over_time, .max_over_time, .min_over_time, .present_over_time, .rate, .resets,
            .stddev_over_time,
            .stdvar_over_time, .sum_over_time, .ts_of_first_over_time, .ts_of_last_over_time, .ts_of_max_over_time,
            .ts_of_min_over_time:
            Function(name: name, parameters: [.matrix], result: .vector)
        case .clamp: Function(name: name, parameters: [.vector, .scalar, .scalar], result: .vector)
        case .clamp_max, .clamp_min: Function(name: name, parameters: [.vector, .scalar], result: .vector)
        case .day_of_month, .day_of_week, .day_of_year, .days_in_month, .hour, .minute, .month, .year:
            Function(name: name, parameters: [.vector], optional: 1, result: .vector)
        case .double_exponential_smoothing:
            Function(name: name, parameters: [.matrix, .scalar, .scalar], result: .vector)
        case .histogram_fraction: Function(name: name, parameters: [.scalar, .scalar, .vector], result: .vector)
        case .histogram_quantile: Function(name: name, parameters: [.scalar, .vector], result: .vector)
        case .label_join:
            Function(name: name, parameters: [.vector, .string, .string, .string], isVariadic: true, result: .vector)
        case .label_replace:
            Function(name: name, parameters: [.vector, .string, .string, .string, .string], result: .vector)
        case .pi, .time: Function(name: name, parameters: [], result: .scalar)
        case .predict_linear: Function(name: name, parameters: [.matrix, .scalar], result: .vector)
        case .quantile_over_time: Function(name: name, parameters: [.scalar, .matrix], result: .vector)
        case .round: Function(name: name, parameters: [.vector, .scalar], optional: 1, result: .vector)
        case .scalar: Function(name: name, parameters: [.vector], result: .scalar)
        case .sort_by_label, .sort_by_label_desc:
            Function(name: name, parameters: [.vector, .string], isVariadic: true, result: .vector)
        case .vector: Function(name: name, parameters: [.scalar], result: .vector)
        }
    }

    /// The minimum and maximum number of arguments; a variadic function has no maximum.
    var arity: (min: Int, max: Int?) {
        isVariadic ? (parameters.count - 1, nil) : (parameters.count - optional, parameters.count)
    }

    func parameter(_ index: Int) -> ValueType { parameters[min(index, parameters.count - 1)] }
}
