import Alerts
import Dispatching
import Exposition
import FoundationEssentials
import HTTPServer
import PromQL
import Samples
import Text
import TimeZones
import Transport

/// Formats that are a text by themselves.
enum TextFuzzing {
    /// What can be read can be written, and what was written can be read.
    static func exposition(_ bytes: [UInt8]) throws {
        _ = ExpositionFormat(accept: String(decoding: bytes.prefix(200), as: UTF8.self))
        guard let families = try? MetricFamily.parse(bytes, limit: 20_000) else { return }
        for format in ExpositionFormat.allCases {
            let page = ExpositionWriter.page(families, format: format)
            do {
                _ = try MetricFamily.parse(page, limit: 20_000)
            } catch {
                throw FuzzFinding("the page written in \(format) can't be read: \(error)")
            }
        }
    }

    /// Lines as each field of a window, the whole as a window of the journal and as a file of the tz database.
    static func timeWindows(_ bytes: [UInt8]) throws {
        let lines = String(decoding: bytes.prefix(4096), as: UTF8.self).split(separator: "\n").prefix(20).map(
            String.init)
        let times = [Int64.min, -62_135_596_800_000, 0, 1_767_323_045_000, .max].map(Timestamp.init(milliseconds:))
        for (line, next) in zip(lines, lines.dropFirst() + ["24:00"]) {
            var window = TimeWindow()
            if let span = try? TimeWindow.times(start: line, end: next) { window.times = [span] }
            if let span = try? TimeWindow.weekdays(line) { window.weekdays = [span] }
            if let span = try? TimeWindow.daysOfMonth(line) { window.daysOfMonth = [span] }
            if let span = try? TimeWindow.months(line) { window.months = [span] }
            if let span = try? TimeWindow.years(line) { window.years = [span] }
            try judge(window, times)
        }
        if let windows = try? JSONDecoder().decode([TimeWindow].self, from: Data(bytes)) {
            for window in windows.prefix(20) { try judge(window, times) }
        }
        if let zone = try? TimeZoneData.named("Fuzz", PlayedFiles(others: bytes)) {
            for time in times {
                _ = zone.abbreviation(at: time)
                _ = time + .seconds(zone.offset(at: time))
            }
            try judge(TimeWindow(times: [TimeWindow.Span(0, 600)], zone: zone), times)
        }
    }

    private static func judge(_ window: TimeWindow, _ times: [Timestamp]) throws {
        let texts = window.weekdayTexts + window.dayOfMonthTexts + window.monthTexts + window.yearTexts
        guard texts.allSatisfy({ !$0.isEmpty }) else { throw FuzzFinding("a window has an empty field: \(texts)") }
        let seen = times.map(window.contains)
        guard let data = try? JSONEncoder().encode(window),
            let copy = try? JSONDecoder().decode(TimeWindow.self, from: data)
        else { throw FuzzFinding("a window can't be stored") }
        guard times.map(copy.contains) == seen else { throw FuzzFinding("a stored window means something else") }
    }

    /// Small texts of many kinds: durations, times, numbers, matchers, addresses, encodings.
    static func values(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes.prefix(8192), as: UTF8.self)
        if let duration = Duration(prometheus: text) {
            guard Duration(prometheus: duration.prometheusDescription) == duration else {
                throw FuzzFinding("\(text) is \(duration.prometheusDescription), which is not the same duration")
            }
        }
        if let time = Timestamp(rfc3339: text) {
            guard Timestamp(rfc3339: time.rfc3339) == time || !(0...9999).contains(time.civil.year) else {
                throw FuzzFinding("\(text) is \(time.rfc3339), which is not the same time")
            }
        }
        for time in [HTTPDate.parse(text), Double(text).map { Timestamp(seconds: $0) }].compactMap(\.self) {
            _ = (time.httpDate, time.mailDate, time.rfc3339, time.civil.dayOfYear)
        }
        if let matchers = try? MatcherSyntax.parse(text) {
            for matcher in matchers {
                _ = matcher.description
                _ = matcher.matches(text)
            }
        }
        _ = try? SeriesNotation.labels(text)
        if text.utf8.count < 200, let items = try? SeriesNotation.values(text) { _ = items.count }
        _ = PercentCoding.items(text[...])
        guard PercentCoding.decode(PercentCoding.encode(text)[...], plusIsSpace: false) == text else {
            throw FuzzFinding("percent coding loses something")
        }
        let request = ServerRequest(
            method: "POST", target: text, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: bytes)
        _ = request.parameters.count
        _ = Gzip.isAccepted(text)
        _ = text.quotedAsInGo
        let json = JSONWriter.document { $0.string(text) }
        guard (try? JSONDecoder().decode(String.self, from: Data(json))) == text else {
            throw FuzzFinding("JSON loses something")
        }
        if text.utf8.count < 256, let expression = try? RegularExpression(text) {
            _ = expression.replacingAll(in: text, with: text)
        }
    }
}
