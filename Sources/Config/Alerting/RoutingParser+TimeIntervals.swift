package import Dispatching
import Platform
import Samples
import Text
import TimeZones
package import YAML

extension RoutingParser {
    /// Parses named time intervals. Source: https://prometheus.io/docs/alerting/latest/configuration/#time_interval
    func timeIntervals(_ nodes: [Node]) -> [String: [TimeWindow]] {
        var intervals: [String: [TimeWindow]] = [:]
        for node in nodes {
            var fields = Fields(node, errors, "a time interval")
            let name = fields.requiredString("name") ?? ""
            let windows = fields.list("time_intervals").map { window($0) }
            fields.finish()
            if name.isEmpty { continue }
            if intervals.updateValue(windows, forKey: name) != nil {
                errors.add(fields.position(of: "name"), "time interval \(name.quotedAsInGo) is not unique")
            }
        }
        return intervals
    }

    /// Parses one window of a time interval.
    package func window(_ node: Node) -> TimeWindow {
        var fields = Fields(node, errors, "a window of a time interval")
        var window = TimeWindow()
        for range in fields.list("times") {
            var times = Fields(range, errors, "a range of times")
            let start = times.requiredString("start_time")
            let end = times.requiredString("end_time")
            times.finish()
            guard let start, let end else { continue }
            do {
                window.times.append(try TimeWindow.times(start: start, end: end))
            } catch {
                errors.add(range.position, "times: \(error)")
            }
        }
        window.weekdays = spans(&fields, "weekdays", TimeWindow.weekdays)
        window.daysOfMonth = spans(&fields, "days_of_month", TimeWindow.daysOfMonth)
        window.months = spans(&fields, "months", TimeWindow.months)
        window.years = spans(&fields, "years", TimeWindow.years)
        if let node = fields.node("location") {
            do throws(TimeZoneError) {
                window.zone = try TimeZoneData.named(node.scalar ?? "", files)
            } catch {
                errors.add(node.position, "location: \(error)")
            }
        }
        fields.finish()
        return window
    }

    private func spans(
        _ fields: inout Fields, _ key: String, _ parse: (String) throws(TimeWindowError) -> TimeWindow.Span
    ) -> [TimeWindow.Span] {
        fields.list(key).compactMap { node in
            guard let text = node.scalar else {
                errors.add(node.position, "\(key): expected a range such as 1:5, found \(node.kind)")
                return nil
            }
            do throws(TimeWindowError) {
                return try parse(text)
            } catch {
                errors.add(node.position, "\(key): \(error)")
                return nil
            }
        }
    }
}
