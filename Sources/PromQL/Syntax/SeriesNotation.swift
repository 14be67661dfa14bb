package import Samples
import Text

/// The series notation of rule unit tests: `metric{a="b"}` and `0+10x5 _ stale -Inf`.
/// Source: Prometheus' manual, "Unit testing for rules"; promql/parser, ParseSeriesDesc.
package enum SeriesNotation {
    /// One sample of a series: a value, a missing sample, or a stale marker.
    package enum Item: Hashable, Sendable {
        case value(Double)
        case missing
        case stale
    }

    /// Why a series can't be parsed.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong.
        package let message: String
        package var description: String { message }
    }

    /// The maximum number of samples of a series, repetitions expanded.
    private static let itemLimit = 1_000_000

    /// The labels of `metric{a="b"}`, `{a="b"}` or `{}`.
    /// - Throws: `Problem` where the text is not a selector, or has matchers other than `=`.
    package static func labels(_ text: String) throws(Problem) -> Labels {
        let trimmed = text.drop { $0.isWhitespace }
        if trimmed.allSatisfy({ "{} \t".contains($0) }), trimmed.contains("{") { return .empty }
        let expression: Expression
        do {
            expression = try Expression.parse(text)
        } catch {
            throw Problem(message: error.message)
        }
        guard case .selector(let selector) = expression.kind, selector.modifiers == TimeModifiers() else {
            throw Problem(message: "expected a series such as metric{label=\"value\"}, found \(text.quotedAsInGo)")
        }
        var values: [String: String] = [:]
        for matcher in selector.matchers {
            guard matcher.operation == .equal else {
                throw Problem(message: "a series' labels have \"=\" only, found \(matcher)")
            }
            values[matcher.name] = matcher.value
        }
        return Labels(values)
    }

    /// The samples, with `axn` and `a+bxn` expanded.
    /// - Throws: `Problem` at the first malformed item, or where there are more than 1,000,000 samples.
    package static func values(_ text: String) throws(Problem) -> [Item] {
        var items: [Item] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            items += try expanded(String(word), room: itemLimit - items.count)
        }
        return items
    }

    private static func expanded(_ word: String, room: Int) throws(Problem) -> [Item] {
        if word == "stale" { return [.stale] }
        if word == "_" { return [.missing] }
        func count(_ text: Substring) throws(Problem) -> Int {
            // Int accepts a sign, the notation does not.
            guard text.first?.isNumber ?? false, let count = Int(text), count < room else {
                throw Problem(message: "bad number of repetitions in \(word.quotedAsInGo)")
            }
            return count
        }
        if word.hasPrefix("_x") { return Array(repeating: .missing, count: try count(word.dropFirst(2))) }
        // `0x10` is a zero repeated ten more times: this notation has no hexadecimal numbers.
        guard let cross = word.lastIndex(of: "x") else { return [.value(try number(word, in: word))] }
        let times = try count(word[word.index(after: cross)...])
        let head = String(word[..<cross])
        guard let sign = stepSign(head) else {
            return Array(repeating: .value(try number(head, in: word)), count: times + 1)
        }
        var value = try number(String(head[..<sign]), in: word)
        let step = try number(String(head[sign...]), in: word)
        var items: [Item] = []
        for _ in 0...times {
            items.append(.value(value))
            value += step
        }
        return items
    }

    /// The position of the step in `1e+3-2`: the first sign that is neither at the start nor part of an exponent.
    private static func stepSign(_ text: String) -> String.Index? {
        var previous: Character?
        for index in text.indices {
            let character = text[index]
            if character == "+" || character == "-", let previous, previous != "e", previous != "E" { return index }
            previous = character
        }
        return nil
    }

    private static func number(_ text: String, in word: String) throws(Problem) -> Double {
        switch text.lowercased() {
        case "inf", "+inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default:
            let plain = text.hasPrefix("+") ? String(text.dropFirst()) : text
            guard let value = Double(plain.hasPrefix(".") ? "0" + plain : plain) else {
                throw Problem(message: "bad value \(text.quotedAsInGo) in \(word.quotedAsInGo)")
            }
            return value
        }
    }
}
