import Alerts
import Dispatching
import Foundation
import Platform
import Samples

/// What `explained_by` costs: the same alerts through a dispatcher that finds their causes and through one that does not.
struct CorrelationBenchmark {
    private static let clusters = 500
    private static let alertsPerCluster = 20
    private static let rounds = 20

    static func run() {
        print()
        print("| \(clusters * alertsPerCluster) alerts, one cause a cluster | apart | with causes | ratio |")
        print("|---|---|---|---|")
        var (beginnings, lasting): ([[Double]], [[Double]]) = ([[], []], [[], []])
        for _ in 0..<5 {
            for (index, correlates) in [false, true].enumerated() {
                let (begin, rest) = measure(correlates)
                beginnings[index].append(begin)
                lasting[index].append(rest)
            }
        }
        for (what, times) in [("all begin, and are told", beginnings), ("all fire on, \(rounds) evaluations", lasting)]
        {
            let (apart, together) = (median(times[0]), median(times[1]))
            print(
                "| \(what) | \(Int(apart * 1000)) ms | \(Int(together * 1000)) ms | \((together / apart * 100).rounded() / 100) |"
            )
        }
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func alerts(_ now: Timestamp) -> [Alert] {
        (0..<clusters).flatMap { cluster in
            (0..<alertsPerCluster).map { number in
                Alert(
                    labels: [
                        "alertname": number == 0 ? "Cause" : "Consequence", "cluster": "c\(cluster)",
                        "node": "n\(number)", "severity": "high",
                    ],
                    annotations: number == 0 ? [:] : ["explained_by": "Cause Other(cluster, node) Third"],
                    startsAt: now, updatedAt: now)
            }
        }
    }

    /// - Returns: seconds of the first evaluation with its messages, and of those that follow.
    private static func measure(_ correlates: Bool) -> (begin: Double, rest: Double) {
        var options = DispatchOptions(
            route: Route(
                receiver: "r", groupBy: .labels(["alertname", "cluster"]), groupWait: .zero,
                groupInterval: .seconds(60)),
            receivers: [.init(name: "r", integrations: [.init(.init(.webhook, 0), sendResolved: true)])])
        options.correlates = correlates
        options.suspectWait = .zero
        var dispatcher = Dispatcher(options)
        let start = Timestamp(milliseconds: 1_795_671_000_000)
        let firing = alerts(start)
        func evaluation(_ round: Int) -> Double {
            let span = Duration.seconds(5 * round)
            let now = Moment(monotonic: Instant(nanoseconds: 0) + span, wall: start + span)
            let began = ContinuousClock.now
            _ = dispatcher.receive(firing, now: now)
            for outgoing in dispatcher.advance(now).send {
                if let message = dispatcher.beginAttempt(outgoing) { _ = dispatcher.incidents(in: message, now) }
                _ = dispatcher.recordAccepted(outgoing, now: now)
            }
            return (ContinuousClock.now - began) / .seconds(1)
        }
        let begin = evaluation(0)
        return (begin, (1...rounds).reduce(0) { $0 + evaluation($1) })
    }
}
