package import PromQL
import Samples

/// A rule's expression, parsed once.
package struct RuleQuery: Sendable {
    /// As written in the file.
    package let text: String
    /// The text, parsed.
    package let expression: Expression
    /// Names of the metrics that it reads; nil if a selector has no fixed name, and so may read any.
    package let metricNames: Set<String>?
    /// The same names in a fixed order, where the result can change only with the newest values of these metrics.
    let inputs: [String]?
    /// Whether the expression makes sense only with data: it has selectors, and no function that tests for absence.
    let needsData: Bool

    /// The parts `a or b` whose left side may hide the right one, since neither has a metric's name.
    package var unionsWithoutNames: [String] { expression.unionsWithoutNames }

    /// Why an expression can't be parsed.
    package struct SyntaxError: Error, Hashable, Sendable {
        /// The byte offset in the expression.
        package let offset: Int
        /// What is wrong there.
        package let message: String
    }

    init(_ text: String) throws(SyntaxError) {
        self.text = text
        do {
            expression = try Expression.parse(text)
        } catch {
            throw SyntaxError(offset: error.offset, message: error.message)
        }
        let selectors = expression.selectors
        metricNames = selectors.contains { $0.name == nil } ? nil : Set(selectors.compactMap(\.name))
        inputs = expression.dependsOnNewestValuesOnly ? metricNames?.sorted() : nil
        needsData = !selectors.isEmpty && !RuleQuery.testsAbsence(expression)
    }

    private static func testsAbsence(_ expression: Expression) -> Bool {
        if case .call(let call) = expression.kind, call.function.name.rawValue.hasPrefix("absent") { return true }
        return expression.children.contains(where: testsAbsence)
    }
}
