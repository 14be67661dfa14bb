import Glibc
package import Platform
import Samples
import Synchronization

/// Asks name servers over UDP, and over TCP what is too long for a datagram; all questions on one thread with poll(2).
///
/// The system's resolver answers neither for another server than its own nor with a response code, and blocks; so these
/// messages are our own (`DNSMessage`). Names of hosts that are connected to are the resolver's: `NameResolver`.
package final class DNSTransport: DNSClient {
    private enum Command: Sendable {
        case ask(DNSExchange)
        case cancel(DNSExchange)
        case stop
    }

    /// Questions that run at once; one more fails at once.
    private static let limit = 1024

    private let platform: Platform
    private let inbox: LoopInbox<Command>

    /// The thread is started by the first question.
    package init(platform: Platform) {
        self.platform = platform
        inbox = LoopInbox("dns", platform.threads)
    }

    deinit { close() }

    /// Fails what is under way with `.cancelled`, and stops the thread.
    package func close() { inbox.stop(.stop) }

    /// Cancelling the task ends it with `.cancelled`.
    package func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError)
        -> DNSAnswer
    {
        let exchange = DNSExchange(
            question, server, timeout: timeout, now: platform.time.monotonic(), random: platform.random)
        let result = await withTaskCancellationHandler {
            let refusal: TransportError? = exchange.ticket.withLock { ticket in
                guard ticket == .fresh else { return DNSTransport.cancelled(exchange) }
                let refusal = submit(exchange)
                if refusal == nil { ticket = .queued }
                return refusal
            }
            if let refusal { exchange.result.fulfil(.failure(refusal)) }
            return await exchange.result.value()
        } onCancel: {
            exchange.ticket.withLock { ticket in
                if ticket == .queued { inbox.post(.cancel(exchange)) }
                ticket = .cancelled
            }
        }
        return try result.get()
    }

    private func submit(_ exchange: DNSExchange) -> TransportError? {
        let (platform, inbox) = (platform, inbox)
        switch inbox.submit(.ask(exchange), run: { DNSTransport.run($0, inbox, platform) }) {
        case nil: return nil
        case .stopped: return DNSTransport.cancelled(exchange)
        case .noThread(let error): return TransportError(.other, "name server \(exchange.server): \(error)")
        }
    }

    private static func cancelled(_ exchange: DNSExchange) -> TransportError {
        TransportError(.cancelled, "name server \(exchange.server): cancelled")
    }

    // MARK: - On the thread

    private static func run(_ wakeup: Wakeup, _ inbox: LoopInbox<Command>, _ platform: Platform) {
        var running: [DNSExchange] = []
        while true {
            var polled = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
            var next: Instant?
            for exchange in running {
                polled.append(pollfd(fd: exchange.socket, events: exchange.events, revents: 0))
                next = min(next ?? exchange.nextDeadline, exchange.nextDeadline)
            }
            _ = poll(&polled, nfds_t(polled.count), inbox.hasWork ? 0 : wait(until: next, platform))
            if polled[0].revents != 0 { wakeup.drain() }
            let now = platform.time.monotonic()
            for (entry, exchange) in zip(polled.dropFirst(), running) where entry.revents != 0 { exchange.ready(now) }
            for exchange in running { exchange.expire(now) }
            for command in inbox.take() {
                switch command {
                case .ask(let exchange):
                    guard running.count < limit else {
                        exchange.finish(
                            .failure(
                                TransportError(
                                    .other, "name server \(exchange.server): \(limit) questions are under way already"))
                        )
                        continue
                    }
                    exchange.start(now)
                    running.append(exchange)
                case .cancel(let exchange):
                    if !exchange.isFinished { exchange.finish(.failure(cancelled(exchange))) }
                // Nothing is accepted after it.
                case .stop:
                    for exchange in running where !exchange.isFinished {
                        exchange.finish(.failure(cancelled(exchange)))
                    }
                    return
                }
            }
            running.removeAll(where: \.isFinished)
            inbox.runJobs()
        }
    }

    private static func wait(until deadline: Instant?, _ platform: Platform) -> Int32 {
        guard let deadline else { return -1 }
        let wait = deadline - platform.time.monotonic()
        return wait <= .zero ? 0 : Int32(clamping: wait.wholeMilliseconds + 1)
    }
}
