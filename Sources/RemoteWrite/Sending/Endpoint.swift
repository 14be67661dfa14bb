import Logging
import Platform
import Samples
import Synchronization
import Telemetry
import Text

/// Sends the samples of one queue to one server, in order, with one request under way.
final class Endpoint: Sendable {
    /// What a series is, by its name.
    typealias Metadata = @Sendable (String) -> SeriesMetadata?

    private struct State {
        var message: WriteMessage
        /// Whether the server has accepted `message`.
        var isConfirmed = false
        var shown = SampleQueue.Status()
        var highestSent: Timestamp?
        /// Whether the server has answered to any samples.
        var hasAnswered = false
        var loggedAt: Instant?
        var unlogged = 0
    }

    let options: RemoteWriteOptions
    let queue: SampleQueue
    private let externalLabels: Labels
    private let post: @Sendable (WriteCall) async -> WriteAnswer
    private let metadata: Metadata
    private let platform: Platform
    private let metrics: RemoteWriteMetrics
    /// Where bodies are written and compressed.
    private let encoding: any WorkPool
    private let state: Mutex<State>
    /// Signalled when the queue has more to send.
    private let ready = Wake()

    init(
        _ options: RemoteWriteOptions, queue: SampleQueue, externalLabels: Labels,
        post: @escaping @Sendable (WriteCall) async -> WriteAnswer, metadata: @escaping Metadata, platform: Platform,
        metrics: RemoteWriteMetrics, encoding: any WorkPool
    ) {
        (self.options, self.queue, self.externalLabels, self.post) = (options, queue, externalLabels, post)
        (self.metadata, self.platform, self.metrics, self.encoding) = (metadata, platform, metrics, encoding)
        state = Mutex(State(message: options.message))
        metrics.declare(options.name)
    }

    /// Sends until the task is cancelled. What is in memory then stays there; see `flush`.
    func run() async {
        // Opens the queue: an earlier process may have left samples.
        await flush()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.store() }
            await self.send()
            group.cancelAll()
        }
    }

    /// Writes to disk what waits in memory.
    func flush() async {
        _ = await queue.flush(time: platform.time)
        show()
    }

    // MARK: To disk

    /// How long samples are collected for one write, and how often a disk that fails is tried.
    private static let storeInterval = Duration.seconds(1)

    private func store() async {
        let time = platform.time
        while !Task.isCancelled {
            let isFailing = queue.status(at: time.monotonic()).failure != nil
            await queue.arrival.wait(until: isFailing ? time.monotonic() : nil, time: time)
            guard (try? await time.sleep(for: Endpoint.storeInterval)) != nil else { return }
            await flush()
            ready.signal()
        }
    }

    /// Shows the queue's state in the metrics, and logs when its disk begins or ends to fail.
    func show() {
        let status = queue.status(at: platform.time.monotonic())
        let shown = state.withLock { state in
            defer { state.shown = status }
            return state.shown
        }
        metrics.show(status, after: shown, options.name)
        // How far behind a server is that has taken nothing yet is counted from here.
        if let newest = status.newest, state.withLock({ $0.highestSent == nil }) { noteSent(newest) }
        guard status.failure != shown.failure else { return }
        if let failure = status.failure {
            platform.log.error(
                "remote write: the queue's disk fails; samples wait in memory",
                metadata: ["remote_name": "\(options.name)", "err": "\(failure)"])
        } else {
            platform.log.notice(
                "remote write: the queue's disk works again", metadata: ["remote_name": "\(options.name)"])
        }
    }

    // MARK: To the server

    private func send() async {
        let time = platform.time
        /// When the first of the samples that wait was seen.
        var since: Instant?
        while !Task.isCancelled {
            let now = time.monotonic()
            let waiting = queue.status(at: now).waiting
            guard waiting > 0 else {
                since = nil
                await ready.wait(until: nil, time: time)
                continue
            }
            let due = (since ?? now) + options.batchSendDeadline
            since = since ?? now
            if waiting < options.maxSamplesPerSend, now < due {
                await ready.wait(until: due, time: time)
                continue
            }
            let batch = await queue.next(options.maxSamplesPerSend, time: time)
            show()
            guard let batch, !batch.samples.isEmpty else {
                // A disk that can't be read is tried again.
                await ready.wait(until: now + Endpoint.storeInterval, time: time)
                continue
            }
            since = nil
            if await deliver(batch.samples) {
                await queue.commit(batch, time: time)
            } else {
                queue.giveBack(batch)
            }
            show()
        }
    }

    /// Sends samples until the server has accepted or refused them.
    /// - Returns: false if the task was cancelled first.
    private func deliver(_ samples: [Sample]) async -> Bool {
        var backoff = SendBackoff(options)
        noteOldest(samples)
        let series = Endpoint.grouped(samples)
        var encoded: (message: WriteMessage, body: [UInt8])?
        while !Task.isCancelled {
            let (message, isConfirmed) = state.withLock { ($0.message, $0.isConfirmed) }
            if encoded?.message != message {
                let (external, metadata) = (externalLabels, metadata)
                let write = { @Sendable in
                    Snappy.compress(message.encode(series, externalLabels: external, metadata: metadata))
                }
                guard let body = await encoding.run(write) else {
                    try? await platform.time.sleep(for: backoff.next(retryAfter: nil, unit: platform.random.unit()))
                    continue
                }
                encoded = (message, body)
            }
            let body = encoded?.body ?? []
            let answer = await post(WriteCall(body: body, headers: message.headers, timeout: options.timeout))
            if case .none = answer, Task.isCancelled { return false }
            metrics.bytes.increment(options.name, by: Double(body.count))
            switch WriteVerdict(answer, message, isConfirmed: isConfirmed) {
            case .accepted(let written):
                state.withLock { $0.isConfirmed = true }
                let taken = min(max(written ?? samples.count, 0), samples.count)
                metrics.samples.increment(options.name, by: Double(taken))
                if taken < samples.count {
                    metrics.failed.increment(options.name, "not_written", by: Double(samples.count - taken))
                    warn(
                        "the server has accepted a request and not written all of it", "\(taken) samples", samples.count
                    )
                }
                noteAnswer(samples)
                return true
            case .refused(let status, let text):
                metrics.failed.increment(options.name, String(status), by: Double(samples.count))
                warn("the server has refused samples, which are dropped", text, samples.count)
                noteAnswer(samples)
                return true
            case .fallBack(let text):
                state.withLock { ($0.message, $0.isConfirmed) = (.version1, false) }
                platform.log.notice(
                    "remote write: the server does not take \(message.rawValue); \(WriteMessage.version1.rawValue) is sent until the next start or reload",
                    metadata: ["remote_name": "\(options.name)", "answer": "\(text)"])
            case .retry(let after, let text):
                metrics.retried.increment(options.name, by: Double(samples.count))
                warn("a request has failed and is tried again", text, samples.count)
                let wait = backoff.next(retryAfter: after, unit: platform.random.unit())
                try? await platform.time.sleep(for: wait)
            }
        }
        return false
    }

    /// Until the first answer the server has what is older than the first sample that waits, as far as is known: an
    /// earlier process may have left it.
    private func noteOldest(_ samples: [Sample]) {
        guard let oldest = samples.lazy.map(\.timestamp).min() else { return }
        let isFirst = state.withLock { state in
            if !state.hasAnswered { state.highestSent = oldest }
            return !state.hasAnswered
        }
        if isFirst { metrics.newestSent.set(oldest.seconds, options.name) }
    }

    private func noteAnswer(_ samples: [Sample]) {
        state.withLock { $0.hasAnswered = true }
        if let newest = samples.lazy.map(\.timestamp).max() { noteSent(newest) }
    }

    private func noteSent(_ newest: Timestamp) {
        let highest = state.withLock { state in
            let highest = max(state.highestSent ?? newest, newest)
            state.highestSent = highest
            return highest
        }
        metrics.newestSent.set(highest.seconds, options.name)
    }

    /// Once a minute: a server that is down would fill the log.
    private static let warningInterval = Duration.seconds(60)

    private func warn(_ message: String, _ text: String, _ samples: Int) {
        let now = platform.time.monotonic()
        let unlogged = state.withLock { state -> Int? in
            if let last = state.loggedAt, now - last < Endpoint.warningInterval {
                state.unlogged += 1
                return nil
            }
            defer { (state.loggedAt, state.unlogged) = (now, 0) }
            return state.unlogged
        }
        guard let unlogged else { return }
        platform.log.warning(
            "remote write: \(message)",
            metadata: [
                "remote_name": "\(options.name)", "answer": "\(text)", "samples": "\(samples)",
                "not_logged": "\(unlogged)",
            ])
    }

    /// The samples by series, in the order of each series' first sample.
    private static func grouped(_ samples: [Sample]) -> [Series] {
        var series: [Series] = []
        var indices: [Labels: Int] = [:]
        for sample in samples {
            let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
            if let index = indices[sample.labels] {
                series[index].points.append(point)
            } else {
                indices[sample.labels] = series.count
                series.append(Series(sample.labels, [point]))
            }
        }
        return series
    }
}
