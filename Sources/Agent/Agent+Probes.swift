import Platform
import Probes
import Samples
import Store
import Text
import Web

/// How the probes of the targets have gone, from the samples that they leave in the store.
extension Agent {
    private static let courseSpan = Duration.seconds(3600)

    /// By target. Computes: reads an hour of samples of each target.
    func probeCourses(_ now: Moment) -> [String: ProbeCourse] {
        Agent.probeCourses(store, probes.timings, now)
    }

    static func probeCourses(
        _ store: Store, _ timings: [ProbeTarget: ProbeSchedule.Timing], _ now: Moment
    ) -> [String: ProbeCourse] {
        var courses: [String: ProbeCourse] = [:]
        for (target, timing) in timings {
            var course = ProbeCourse()
            course.interval = timing.interval
            course.next = timing.next.map { now.wall + ($0 - now.monotonic) }
            courses[target.description] = course
        }
        func visit(_ metric: String, latestOnly: Bool, _ body: (inout ProbeCourse, Labels, [Double]) -> Void) {
            store.visit(
                [Matcher(Labels.metricName, equals: metric)], start: (now.wall - courseSpan).milliseconds,
                end: now.wall.milliseconds, latestOnly: latestOnly
            ) { labels, points in
                let target = "\(labels["target_type"] ?? "") \(labels["target"] ?? "")"
                guard courses[target] != nil else { return }
                body(&courses[target, default: ProbeCourse()], labels, points.map(\.v))
            }
        }
        visit("vaultwatch_probe_duration_seconds", latestOnly: false) { course, _, values in
            course.add(durations: values)
        }
        visit("vaultwatch_probe_failures_total", latestOnly: true) { course, labels, values in
            guard let reason = labels["reason"], let count = values.last, count.isFinite, count > 0 else { return }
            course.failures[reason] = Int(saturating: count)
        }
        return courses
    }
}
