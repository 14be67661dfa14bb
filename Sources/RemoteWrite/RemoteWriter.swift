package import Platform
package import Samples
import Logging
import Synchronization
package import Telemetry

/// Sends every sample of the store to other servers: Prometheus' remote write.
///
/// Each endpoint has a queue on disk and a sender of its own; they share one thread for the disk and one for encoding, so
/// that nothing that they wait for delays a probe, a rule or a message.
package final class RemoteWriter: Sendable {
    /// An endpoint, and how requests get there.
    package struct Target: Sendable {
        /// Its settings.
        package var options: RemoteWriteOptions
        /// Sends one request; it must return by the call's timeout, and when its task is cancelled.
        package var post: @Sendable (WriteCall) async -> WriteAnswer

        /// A target.
        package init(_ options: RemoteWriteOptions, post: @escaping @Sendable (WriteCall) async -> WriteAnswer) {
            self.options = options
            self.post = post
        }
    }

    private struct Running {
        let endpoint: Endpoint
        var task: Task<Void, Never>?
    }

    private struct State {
        var endpoints: [Running] = []
        /// Those that a reload has replaced or removed, until they have stopped.
        var leaving: [Running] = []
    }

    private let state = Mutex(State())
    /// Where samples go, in the order of the endpoints.
    private let queues = Mutex<[SampleQueue]>([])
    private let files: any QueueFiles
    private let metadata: @Sendable (String) -> SeriesMetadata?
    private let platform: Platform
    private let metrics: RemoteWriteMetrics
    private let disk: any WorkPool
    private let encoding: any WorkPool
    private let changed = Wake()

    /// Without endpoints until `apply`.
    /// - Parameters:
    ///   - files: the folder of the queues.
    ///   - metadata: what a series is, by its name.
    package init(
        files: any QueueFiles, metadata: @escaping @Sendable (String) -> SeriesMetadata?, platform: Platform,
        registry: Registry
    ) {
        self.files = files
        self.metadata = metadata
        self.platform = platform
        metrics = RemoteWriteMetrics(registry)
        disk = platform.workPool("remote queue", threads: 1)
        encoding = platform.workPool("remote write", threads: 1)
    }

    /// Whether there is an endpoint.
    package var isActive: Bool { queues.withLock { !$0.isEmpty } }

    /// Takes samples as they were stored. Never waits, and may be called with locks held.
    package func observe(_ samples: [Sample]) {
        for queue in queues.withLock({ $0 }) { queue.append(samples) }
    }

    /// Updates the metrics of all queues, also while their disk hangs.
    package func refreshMetrics() {
        for one in state.withLock({ $0.endpoints }) { one.endpoint.show() }
    }

    /// Uses these endpoints from now on. One that has the name of an earlier one goes on with its queue; the queue of one
    /// that is gone is deleted.
    /// - Parameters:
    ///   - externalLabels: added to each series.
    ///   - unchanged: the names of those that need no new start.
    package func apply(_ targets: [Target], externalLabels: Labels, unchanged: Set<String> = []) {
        state.withLock { state in
            var endpoints: [Running] = []
            for target in targets {
                let name = target.options.name
                if unchanged.contains(name),
                    let same = state.endpoints.first(where: { $0.endpoint.options.name == name })
                {
                    endpoints.append(same)
                    continue
                }
                let queue = SampleQueue(
                    name, limits: .init(total: Int64(target.options.maxQueueBytes)), files: files, pool: disk)
                let endpoint = Endpoint(
                    target.options, queue: queue, externalLabels: externalLabels, post: target.post, metadata: metadata,
                    platform: platform, metrics: metrics, encoding: encoding)
                endpoints.append(Running(endpoint: endpoint))
            }
            state.leaving += state.endpoints.filter { old in !endpoints.contains { $0.endpoint === old.endpoint } }
            state.endpoints = endpoints
            queues.withLock { $0 = endpoints.map(\.endpoint.queue) }
        }
        changed.signal()
    }

    /// Sends until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await endLeaving()
            await removeOthers()
            let isSettled = state.withLock { state in
                guard state.leaving.isEmpty else { return false }
                for index in state.endpoints.indices where state.endpoints[index].task == nil {
                    let endpoint = state.endpoints[index].endpoint
                    state.endpoints[index].task = Task { await endpoint.run() }
                }
                return true
            }
            // Another reload may have come meanwhile.
            if isSettled { await changed.wait(until: nil, time: platform.time) }
        }
        for task in state.withLock({ $0.endpoints.compactMap(\.task) }) { task.cancel() }
    }

    /// Stops the endpoints that a reload has replaced or removed. A queue has one owner at a time: what the old one has
    /// must be on disk before the new one opens it.
    private func endLeaving() async {
        let leaving = state.withLock { state in
            defer { state.leaving = [] }
            return state.leaving
        }
        for old in leaving {
            await end(old)
            let name = old.endpoint.options.name
            let isGone = state.withLock { state in !state.endpoints.contains { $0.endpoint.options.name == name } }
            if isGone { metrics.remove(name) }
        }
    }

    /// How long the disk may take at the end.
    private static let stopLimit = Duration.milliseconds(400)

    /// Stops sending, and writes to disk what is in memory.
    package func stop() async {
        let endpoints = state.withLock { $0.endpoints }
        for one in endpoints { one.task?.cancel() }
        let end = platform.time.monotonic() + RemoteWriter.stopLimit
        for one in endpoints { await self.end(one, until: end) }
    }

    private func end(_ old: Running, until limit: Instant? = nil) async {
        old.task?.cancel()
        let work = { @Sendable in
            await old.task?.value
            await old.endpoint.flush()
        }
        let end = limit ?? platform.time.monotonic() + RemoteWriter.stopLimit
        _ = await Deadline.run(work, until: end, time: platform.time)
    }

    /// Deletes the queues of endpoints that there are no more. It needs no thread of its own: without endpoints there is none.
    private func removeOthers() async {
        let names = state.withLock { $0.endpoints.map(\.endpoint.options.name) }
        let files = files
        let removed = try? await platform.files.inTime("remote_write") { () throws(FileError) -> Int in
            let others = files.names().filter { file in !names.contains { QueueName.isFile(file, of: $0) } }
            return others.count { (try? files.remove($0)) != nil }
        }
        guard let removed, removed > 0 else { return }
        platform.log.notice(
            "remote write: the queues of endpoints that are not configured any more are deleted",
            metadata: ["files": "\(removed)"])
    }
}
