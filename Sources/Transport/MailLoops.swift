import Synchronization

/// The threads for mail, started on demand. libcurl blocks while it waits for the server's answer to a message and to
/// QUIT, so each mail under way has a loop of its own: a server that does not answer delays no mail to another.
final class MailLoops: Sendable {
    private struct Entry {
        let loop: CurlLoop
        var origin = ""
        /// Mails that run or wait on it.
        var mails = 0
    }

    private struct State {
        var entries: [Entry] = []
        var isStopped = false
    }

    /// Maximum number of threads; part of the count at `CurlTransportOptions.concurrentConnects`.
    private static let limit = 32
    /// Maximum number of concurrent mails to one server, so that one which hangs leaves threads for others.
    private static let limitPerServer = 8

    private let state = Mutex(State())
    private let make: @Sendable () -> CurlLoop

    init(_ make: @escaping @Sendable () -> CurlLoop) { self.make = make }

    /// A loop for one mail, to be returned afterwards; nil after `stop`. At a limit this is the loop with the fewest
    /// mails, for the same server if there is one, and the mail waits for those.
    func take(_ origin: String) -> CurlLoop? {
        state.withLock { state in
            if state.isStopped { return nil }
            let busy = state.entries.indices.filter { state.entries[$0].mails > 0 }
            let own = busy.filter { state.entries[$0].origin == origin }
            var index: Int
            if own.count < MailLoops.limitPerServer, busy.count < MailLoops.limit {
                index = state.entries.firstIndex { $0.mails == 0 } ?? state.entries.count
                if index == state.entries.count { state.entries.append(Entry(loop: make())) }
                state.entries[index].origin = origin
            } else {
                let queues = own.isEmpty ? busy : own
                index = queues[0]
                for other in queues where state.entries[other].mails < state.entries[index].mails { index = other }
            }
            state.entries[index].mails += 1
            return state.entries[index].loop
        }
    }

    func giveBack(_ loop: CurlLoop) {
        state.withLock { state in
            if let index = state.entries.firstIndex(where: { $0.loop === loop }) { state.entries[index].mails -= 1 }
        }
    }

    func stop() {
        let loops = state.withLock { state in
            state.isStopped = true
            return state.entries.map(\.loop)
        }
        for loop in loops { loop.stop() }
    }
}
