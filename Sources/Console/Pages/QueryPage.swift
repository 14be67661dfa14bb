import Samples
import Text
import Web

/// The page at `/query`: an expression, its graph over a range, and its values at the end of the range.
struct QueryPage {
    /// The query, as given in the URL.
    struct Question: Sendable, Hashable {
        /// PromQL; empty if none is given yet.
        var expression = ""
        /// `1h`
        var rangeText = "1h"
        /// The length that `rangeText` states.
        var range = Duration.seconds(3600)
        /// The end as entered; empty for now.
        var endText = ""
        var end: Timestamp

        static let expressionLimit = 10_000
        static let ranges = ["15m", "1h", "6h", "1d", "7d"]
        /// Maximum range.
        private static let longest = Duration.seconds(400 * 86400)

        /// Missing or invalid parameters default to one hour, until now.
        init(_ field: (String) -> String?, now: Timestamp, _ clock: Clock) {
            expression = String((field("expr") ?? "").prefix(Question.expressionLimit)).trimmingSpaces
            end = now
            if let text = field("range"), let range = Duration(prometheus: text), range >= .seconds(1),
                range <= Question.longest
            {
                (rangeText, self.range) = (text, range)
            }
            let text = String((field("end") ?? "").prefix(40)).trimmingSpaces
            if let given = Question.time(text, clock) { (endText, end) = (text, given) }
        }

        /// RFC 3339, or `2026-11-28 02:13` and `2026-11-28T02:13:41` in the page's time zone.
        private static func time(_ text: String, _ clock: Clock) -> Timestamp? {
            Timestamp(rfc3339: text) ?? clock.time(fieldText: text.replacing(" ", with: "T"))
        }

        var start: Timestamp { end - range }
        /// The interval between two points of the graph.
        var step: Duration { max(.milliseconds(range.milliseconds / Int64(GraphDrawing.points)), .seconds(1)) }
    }

    let question: Question
    /// The values at the end; nil if there is no query or the expression is invalid.
    let now: QueryAnswer?
    /// The graph's series.
    let series: [Series]
    /// The error in the expression, or why there is no result; empty if there is none.
    let problem: String

    private static let rowLimit = 200

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Query", tab: .query)
        // Evaluated once: refreshing every few seconds would cost more than it is worth.
        layout.isLive = false
        layout.hasForm = true
        return layout.render { page in
            page.markup("<div class=head><h1>Query</h1>")
            if !question.expression.isEmpty {
                page.markup("<p>")
                page.link(json, "JSON")
                page.markup("</p>")
            }
            page.markup("</div><div class=col>")
            form(&page)
            if !problem.isEmpty { error(&page) }
            if problem.isEmpty || now != nil, !question.expression.isEmpty { answer(&page) }
            page.markup("</div>")
        }
    }

    private var json: Address {
        Address(
            "api", "v1", "query_range",
            query: [
                ("query", question.expression), ("start", question.start.rfc3339), ("end", question.end.rfc3339),
                ("step", question.step.prometheusDescription),
            ])
    }

    // MARK: Form

    private func form(_ page: inout HTML) {
        page.markup("<form class=card role=search><p class=field><label for=q-e>Expression, in PromQL</label>")
        page.markup("<textarea id=q-e name=expr rows=3 maxlength=10000 spellcheck=false")
        if !problem.isEmpty, now == nil { page.markup(" class=bad aria-invalid=true") }
        page.markup(">")
        page.text(question.expression)
        page.markup("</textarea></p><div class=filter><p class=field><label for=q-r>Range</label>")
        page.markup("<select id=q-r name=range>")
        let ranges = Question.ranges.contains(question.rangeText) ? [] : [question.rangeText]
        for range in ranges + Question.ranges {
            page.markup("<option value=\"")
            page.text(range)
            page.markup(range == question.rangeText ? "\" selected>" : "\">")
            page.text(Duration(prometheus: range).map { Words.duration($0) } ?? range)
            page.markup("</option>")
        }
        page.markup("</select></p><p class=field><label for=q-t>Until, empty for now</label>")
        page.markup("<input type=text id=q-t name=end maxlength=40 value=\"")
        page.text(question.endText)
        page.markup("\" placeholder=\"2026-11-28 03:11\"></p><button class=\"btn go\">Run</button></div></form>")
    }

    // MARK: Error

    /// The message, and the expression with the position of the error.
    private func error(_ page: inout HTML) {
        page.markup("<section class=\"card say bad\" role=alert><p class=wrap>")
        // Further lines mark the position in plain text.
        page.text(String(problem.prefix { $0 != "\n" }), limit: 1000)
        page.markup("</p>")
        if let position = QueryPage.position(in: problem, of: question.expression) {
            page.markup("<pre class=pre>")
            page.text(String(question.expression[..<position]))
            page.markup("<mark>")
            let rest = question.expression[position...]
            page.text(rest.isEmpty ? "⏎" : String(rest.prefix(1)))
            page.markup("</mark>")
            page.text(String(rest.dropFirst()))
            page.markup("</pre>")
        }
        page.markup("</section>")
    }

    /// The position in `1:5: parse error`: line, and column in Unicode scalars, both from 1.
    static func position(in problem: String, of expression: String) -> String.Index? {
        for word in problem.split(whereSeparator: { $0 == " " || $0 == "," }) {
            let numbers = word.split(separator: ":")
            guard numbers.count == 2, word.hasSuffix(":"), let line = Int(numbers[0]), let column = Int(numbers[1]),
                line >= 1, column >= 1
            else { continue }
            let lines = expression.split(separator: "\n", omittingEmptySubsequences: false)
            guard line <= lines.count else { return nil }
            let text = lines[line - 1].unicodeScalars
            guard column - 1 <= text.count else { return nil }
            let index = text.index(text.startIndex, offsetBy: column - 1)
            // Never within a character.
            return index.samePosition(in: expression) ?? text.startIndex
        }
        return nil
    }

    // MARK: Answer

    private func answer(_ page: inout HTML) {
        if !series.isEmpty {
            page.card("graph", "Graph", Words.count(series.count, "series", "series")) { page in
                GraphDrawing(series: series, start: question.start, end: question.end).render(&page)
            }
        }
        page.card("values", "Values at the end") { page in
            page.markup("<p class=quiet>")
            page.time(question.end, .full)
            page.markup("</p>")
            values(&page)
        }
    }

    private func values(_ page: inout HTML) {
        switch now {
        case .scalar(let point): page.element("<p><b>", goFormat(point.v), "</b></p>")
        case .string(let text, _):
            page.markup("<p class=wrap>")
            page.text(text, limit: 2000)
            page.markup("</p>")
        case .vector(let elements):
            table(elements.map { ($0.labels, QueryPage.number($0.point.v)) }, elements.count, &page)
        case .matrix(let series):
            table(series.map { ($0.labels, Words.count($0.points.count, "point")) }, series.count, &page)
        case nil: page.markup("<p class=quiet>None.</p>")
        }
    }

    /// With full precision, as stored.
    static func number(_ value: Double) -> String { value.isNaN ? "not a number" : goFormat(value) }

    private func table(_ rows: [(labels: Labels, value: String)], _ count: Int, _ page: inout HTML) {
        guard !rows.isEmpty else {
            return page.markup("<p>No series has a value at that time.</p>")
        }
        let indices = Dictionary(
            series.prefix(GraphDrawing.lineLimit).enumerated().map { ($1.labels, $0) },
            uniquingKeysWith: { first, _ in first })
        page.beginTable("Values", "<th>Series<th class=num>Value")
        let shown = page.items(rows, limit: QueryPage.rowLimit) { row, page in
            page.markup("<tr><td class=wrap>")
            if let index = indices[row.labels] { GraphDrawing.swatch(index, &page) }
            page.markup("<code>")
            page.text(row.labels.isEmpty ? "{}" : row.labels.description, limit: 600)
            page.markup("</code></td><td class=\"num nb\">")
            page.text(row.value)
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table></div>")
        page.rest(count, shown: shown, ": narrow it down above; the JSON has all")
    }
}
