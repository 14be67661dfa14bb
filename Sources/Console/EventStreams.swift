package import Platform
package import Web
import HTTPServer
import Synchronization

/// The streams of `GET /events`, which notify open pages of changes: server-sent events without content, whose id is
/// the snapshot's revision. Source: WHATWG HTML, 9.2.
///
/// A stream holds almost no state: it checks the shared snapshot twice a second.
package final class EventStreams: Sendable {
    /// Maximum number of streams; clients beyond it poll pages every five seconds instead.
    static let limit = 64
    /// How often a stream checks for a change.
    private static let step = Duration.milliseconds(500)
    /// Minimum time between two events of a stream.
    private static let spacing = Duration.seconds(1)
    /// Heartbeat interval of a stream without changes; a page says within ten seconds that it has lost the agent.
    private static let beat = Duration.seconds(4)

    private struct State {
        var count = 0
        var hasEnded = false
    }

    private let sources: WebSources
    private let time: any TimeSource
    private let state = Mutex(State())

    /// Streams that report changes of these sources' snapshots.
    package init(_ sources: WebSources, time: any TimeSource) {
        self.sources = sources
        self.time = time
    }

    /// Ends all streams within half a second and refuses further ones.
    package func end() { state.withLock { $0.hasEnded = true } }

    /// Number of open streams.
    var count: Int { state.withLock { $0.count } }

    /// A stream, or 503 if the limit is reached.
    func open() -> ServerResponse {
        let isTaken = state.withLock { state in
            guard !state.hasEnded, state.count < EventStreams.limit else { return false }
            state.count += 1
            return true
        }
        guard isTaken else { return .text("too many event streams; load the page every few seconds\n", status: 503) }
        let stream = Stream(self)
        return ServerResponse(
            headers: [("Content-Type", "text/event-stream"), ("X-Accel-Buffering", "no")],
            body: .stream { await stream.next() })
    }

    /// One client's stream. It no longer counts towards the limit once the connection has released it.
    private final class Stream: Sendable {
        private struct Progress {
            var revision: UInt64?
            var lastEvent: Instant?
            var lastSent: Instant?
        }

        private let streams: EventStreams
        private let progress = Mutex(Progress())

        init(_ streams: EventStreams) { self.streams = streams }

        deinit { streams.state.withLock { $0.count -= 1 } }

        /// The next event; nil when the stream ends.
        func next() async -> [UInt8]? {
            while true {
                guard !Task.isCancelled, !streams.state.withLock({ $0.hasEnded }) else { return nil }
                let revision = try? await streams.sources.snapshot().revision
                let now = streams.time.monotonic()
                if let text = progress.withLock({ Stream.event(revision, now, &$0) }) { return Array(text.utf8) }
                do {
                    try await streams.time.sleep(for: EventStreams.step)
                } catch {
                    return nil
                }
            }
        }

        private static func event(_ revision: UInt64?, _ now: Instant, _ progress: inout Progress) -> String? {
            if let revision, revision != progress.revision,
                progress.lastEvent.map({ now - $0 >= EventStreams.spacing }) ?? true
            {
                (progress.revision, progress.lastEvent, progress.lastSent) = (revision, now, now)
                return "id: \(revision)\ndata: snapshot\n\n"
            }
            guard progress.lastSent.map({ now - $0 >= EventStreams.beat }) ?? true else { return nil }
            progress.lastSent = now
            return "event: beat\ndata:\n\n"
        }
    }
}
