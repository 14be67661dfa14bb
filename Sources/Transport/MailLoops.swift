import Synchronization

/// The threads of mail, made as they are needed. libcurl awaits a server's answer to a message, and to QUIT, in a
/// blocking way: so each mail under way has a loop to itself, and a server that does not answer delays neither a poll
/// nor another's mail.
final class MailLoops: Sendable {
    private struct Place {
        let loop: CurlLoop
        var origin = ""
        /// How many mails it has.
        var mails = 0
    }

    private struct State {
        var places: [Place] = []
        var isStopped = false
    }

    /// Threads in all. Default 32.
    private static let limit = 32
    /// Mails at once to one server, that one which hangs leaves threads for others. Default 8.
    private static let limitPerServer = 8

    private let state = Mutex(State())
    private let make: @Sendable () -> CurlLoop

    init(_ make: @escaping @Sendable () -> CurlLoop) { self.make = make }

    /// A loop for one mail, to be given back after it; nil after `stop`. When as many mails are under way as may be,
    /// it is one that has others to send first, of the same server where there is one.
    func take(_ origin: String) -> CurlLoop? {
        state.withLock { state in
            if state.isStopped { return nil }
            let busy = state.places.indices.filter { state.places[$0].mails > 0 }
            let own = busy.filter { state.places[$0].origin == origin }
            var place: Int
            if own.count < MailLoops.limitPerServer, busy.count < MailLoops.limit {
                place = state.places.firstIndex { $0.mails == 0 } ?? state.places.count
                if place == state.places.count { state.places.append(Place(loop: make())) }
                state.places[place].origin = origin
            } else {
                let queues = own.isEmpty ? busy : own
                place = queues[0]
                for other in queues where state.places[other].mails < state.places[place].mails { place = other }
            }
            state.places[place].mails += 1
            return state.places[place].loop
        }
    }

    func giveBack(_ loop: CurlLoop) {
        state.withLock { state in
            if let place = state.places.firstIndex(where: { $0.loop === loop }) { state.places[place].mails -= 1 }
        }
    }

    func stop() {
        let loops = state.withLock { state in
            state.isStopped = true
            return state.places.map(\.loop)
        }
        for loop in loops { loop.stop() }
    }
}
