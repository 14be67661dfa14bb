import Samples
import Text

/// Series as rule tests write them: `metric{a="b"}` and `0+10x5 _ stale -Inf`.
/// Source: Prometheus' manual, "Unit testing for rules"; promql/parser, ParseSeriesDesc.
package enum SeriesNotation {
    /// A value, a gap, or the end of the series.
    package enum Item: Hashable, Sendable {
        case value(Double)
        case missing
        case stale
    }

    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let message: String
        package var description: String { message }
    }

    /// Most values that one series may unfold to.
    private static let mostItems = 1_000_000

    /// The labels of `metric{a="b"}`, `{a="b"}` or `{}`.
    package static func labels(_ text: String) throws(Problem) -> Labels {
        let trimmed = text.drop { $0.isWhitespace }
        if trimmed.allSatisfy({ "{} \t".contains($0) }), trimmed.contains("{") { return .empty }
        let expression: Expression
        do {
            expression = try Expression.parse(text)
        } catch {
            throw Problem(message: error.message)
        }
        guard case .selector(let selector) = expression.kind, selector.shift == TimeShift() else {
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

    /// The values, `axn` and `a+bxn` unfolded.
    package static func values(_ text: String) throws(Problem) -> [Item] {
        var items: [Item] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            items += try unfolded(String(word), room: mostItems - items.count)
        }
        return items
    }

    private static func unfolded(_ word: String, room: Int) throws(Problem) -> [Item] {
        if word == "stale" { return [.stale] }
        if word == "_" { return [.missing] }
        func count(_ text: Substring) throws(Problem) -> Int {
            guard let count = Int(text), count >= 0, count < room else {
                throw Problem(message: "bad number of repetitions in \(word.quotedAsInGo)")
            }
            return count
        }
        if word.hasPrefix("_x") { return Array(repeating: .missing, count: try count(word.dropFirst(2))) }
        // `0x10` is ten zeros more, not sixteen: there is no hexadecimal here.
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

    /// Where the step starts in `1e+3-2`: a sign that is neither the first character nor an exponent's.
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
