import Samples
import Telemetry

/// The metrics of remote write: Prometheus' `prometheus_remote_storage_*`, with the label `remote_name`.
struct RemoteWriteMetrics: Sendable {
    let samples: Counter
    let failed: Counter
    let dropped: Counter
    let retried: Counter
    let bytes: Counter
    let corruptions: Counter
    let pending: Gauge
    let queueBytes: Gauge
    let queueHealthy: Gauge
    let newest: Gauge
    let newestSent: Gauge

    /// Why samples never reach a request.
    enum Loss: String, CaseIterable {
        /// The queue on disk was full, and they were its oldest.
        case queueFull = "queue_full"
        /// The disk took nothing, and too many waited for it in memory.
        case disk
        /// Their labels are longer than 64 KiB.
        case labels
    }

    init(_ registry: Registry) {
        func counter(_ name: String, _ help: String, _ more: [String] = []) -> Counter {
            registry.counter("vaultwatch_remote_write_" + name, help: help, labels: ["remote_name"] + more)
        }
        func gauge(_ name: String, _ help: String) -> Gauge {
            registry.gauge("vaultwatch_remote_write_" + name, help: help, labels: ["remote_name"])
        }
        samples = counter("samples_total", "Samples that the server has accepted.")
        failed = counter(
            "samples_failed_total",
            "Samples that the server has refused for good; reason is the HTTP status, or not_written.", ["reason"])
        dropped = counter(
            "samples_dropped_total",
            "Samples that were not sent: queue_full, disk (it took none, and memory was full) or labels (too long).",
            ["reason"])
        retried = counter("samples_retried_total", "Samples in requests that failed and were sent again.")
        bytes = counter("bytes_total", "Bytes of request bodies that were sent, compressed.")
        corruptions = counter(
            "queue_corruptions_total", "Segments of the queue with a broken or missing end, which was given up.")
        pending = gauge("samples_pending", "Samples that the server has not taken yet, on disk and in memory.")
        queueBytes = gauge("queue_bytes", "Size of the queue on disk.")
        queueHealthy = gauge("queue_healthy", "1 if the disk takes samples and gives them back.")
        newest = gauge("highest_timestamp_seconds", "Time of the newest sample that is to be sent, since the epoch.")
        newestSent = gauge(
            "highest_sent_timestamp_seconds", "Time of the newest sample that the server has accepted or refused.")
    }

    func declare(_ name: String) {
        samples.declare(name)
        failed.declare(name, "400")
        for loss in Loss.allCases { dropped.declare(name, loss.rawValue) }
        retried.declare(name)
        bytes.declare(name)
        corruptions.declare(name)
        pending.set(0, name)
        queueBytes.set(0, name)
        queueHealthy.set(1, name)
    }

    /// Removes the gauges of an endpoint that is gone; its counters stay.
    func remove(_ name: String) {
        for gauge in [pending, queueBytes, queueHealthy, newest, newestSent] { gauge.remove(name) }
    }

    /// Shows the state of a queue.
    /// - Parameter shown: what was shown before, for counters.
    func show(_ status: SampleQueue.Status, after shown: SampleQueue.Status, _ name: String) {
        pending.set(Double(status.waiting + status.underWay), name)
        queueBytes.set(Double(status.bytes), name)
        queueHealthy.set(status.failure == nil ? 1 : 0, name)
        if let time = status.newest { newest.set(time.seconds, name) }
        for (loss, now, before) in [
            (Loss.queueFull, status.losses.full, shown.losses.full), (.disk, status.overflown, shown.overflown),
            (.labels, status.losses.refused, shown.losses.refused),
        ] where now > before {
            dropped.increment(name, loss.rawValue, by: Double(now - before))
        }
        if status.losses.corruptions > shown.losses.corruptions {
            corruptions.increment(name, by: Double(status.losses.corruptions - shown.losses.corruptions))
        }
    }
}
