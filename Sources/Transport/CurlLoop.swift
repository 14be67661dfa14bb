import CCurl
import Glibc
import Platform
import Samples
import Synchronization

/// libcurl's event loop on one thread: curl_multi_socket_action(3) over epoll(7), woken by an eventfd.
///
/// Other threads only `submit`, `cancel` and `resume`; everything else happens on the thread, so no lock is held while
/// libcurl runs. Its cost does not grow with the number of hanging transfers. Tasks may run on the thread, after
/// libcurl in each iteration: see `LoopInbox`.
final class CurlLoop: @unchecked Sendable {
    enum Command: Sendable {
        case start(CurlTransfer)
        case cancel(CurlTransfer)
        /// The reader of its body has caught up.
        case resume(CurlTransfer)
        case setIdleConnectionLimit(Int)
        /// The name resolver has finished, with addresses or an error.
        case found(String, NameResolver.Answer)
        case stop
    }

    private struct Shared {
        /// Submitted and not yet ended.
        var outstanding = 0
        var idleConnectionLimit: Int
    }

    let options: CurlTransportOptions
    let platform: Platform
    let resolver: NameResolver
    let inbox: LoopInbox<Command>
    private let shared: Mutex<Shared>

    // Everything below is only used by the thread.
    var multis = CurlMultis(connectionLimit: 0)
    private var share: UnsafeMutableRawPointer?
    var epoll: Int32 = -1
    private var spareHandles: [UnsafeMutableRawPointer] = []
    private(set) var active: [ObjectIdentifier: CurlTransfer] = [:]
    var waiting: [CurlTransfer] = []
    private var connecting = 0
    private var connectingByOrigin: [String: Int] = [:]
    /// When the active transfers must have ended.
    private var deadlines = TimerQueue<ObjectIdentifier, Instant>()
    var sockets = SocketTable()
    /// The conversations, by their sockets.
    var talking: [Int32: CurlTransfer] = [:]
    var names = NameBook()

    static let spareHandleLimit = 32

    private static let initialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// The thread is started by the first submission.
    /// - Parameter name: the thread's name.
    init(name: String, options: CurlTransportOptions, platform: Platform, resolver: NameResolver? = nil) {
        self.options = options
        self.platform = platform
        self.resolver = resolver ?? NameResolver(platform)
        inbox = LoopInbox(name, platform.threads)
        shared = Mutex(Shared(idleConnectionLimit: options.idleConnectionLimit))
    }

    // MARK: - For any thread

    /// Submits a transfer. Its completion is called exactly once, on the loop's thread or synchronously. If the thread
    /// can't be started the transfer fails with `.other`, and the next submission tries again.
    func submit(_ transfer: CurlTransfer) {
        let refusal: TransportError? = transfer.ticket.withLock { ticket in
            guard ticket == .fresh else { return TransportError(.cancelled, "\(transfer.origin): cancelled") }
            let refusal = enqueue(transfer)
            if refusal == nil { ticket = .queued }
            return refusal
        }
        if let refusal { transfer.finish(.failure(refusal)) }
    }

    private func enqueue(_ transfer: CurlTransfer) -> TransportError? {
        let hasPlace = shared.withLock { shared in
            guard shared.outstanding < options.queueLimit else { return false }
            shared.outstanding += 1
            return true
        }
        guard hasPlace else {
            return TransportError(.other, "\(transfer.origin): \(options.queueLimit) requests are under way already")
        }
        guard let refusal = inbox.submit(.start(transfer), run: { self.run($0) }) else { return nil }
        shared.withLock { $0.outstanding -= 1 }
        switch refusal {
        case .stopped: return TransportError(.cancelled, "\(transfer.origin): the transport is closed")
        case .noThread(let error): return TransportError(.other, "\(transfer.origin): \(error)")
        }
    }

    /// Ends a transfer with `.cancelled`, before or after its start; a finished one stays finished.
    func cancel(_ transfer: CurlTransfer) {
        transfer.ticket.withLock { ticket in
            if ticket == .queued { inbox.post(.cancel(transfer)) }
            ticket = .cancelled
        }
    }

    func resume(_ transfer: CurlTransfer) { inbox.post(.resume(transfer)) }

    /// See `CurlTransportOptions.idleConnectionLimit`.
    func setIdleConnectionLimit(_ limit: Int) {
        shared.withLock { $0.idleConnectionLimit = limit }
        inbox.post(.setIdleConnectionLimit(limit))
    }

    /// Ends every transfer with `.cancelled`, then the thread. Later submissions fail at once.
    func stop() { inbox.stop(.stop) }

    // MARK: - On the thread

    private func run(_ wakeup: Wakeup) {
        guard open(wakeup) else {
            closeAll()
            endAll(.other, "libcurl's thread has no descriptor or memory left")
            return
        }
        var ready = [vw_ready](repeating: vw_ready(), count: 256)
        var running: Int32 = 0
        var polled = platform.time.monotonic()
        while true {
            let begin = platform.time.monotonic()
            let wait = waitMilliseconds(begin)
            let count = vw_epoll_wait(epoll, &ready, Int32(ready.count), wait)
            let woken = platform.time.monotonic()
            forgive(LoopStall.duration(busy: begin - polled, polled: woken - begin, wait: wait))
            polled = woken
            for event in ready.prefix(Int(max(0, count))) {
                if event.descriptor == wakeup.descriptor {
                    wakeup.drain()
                } else if let transfer = talking[event.descriptor] {
                    advance(transfer)
                } else if sockets.isIdle(event.descriptor) {
                    lostIdle(event.descriptor, event.events)
                } else if let multi = multis.handle(of: event.descriptor) {
                    curl_multi_socket_action(
                        multi.handle, event.descriptor, CurlLoop.curlEvents(event.events), &running)
                }
            }
            for multi in multis.all {
                guard let deadline = multi.deadline, deadline <= platform.time.monotonic() else { continue }
                multi.deadline = nil
                curl_multi_socket_action(multi.handle, CURL_SOCKET_TIMEOUT, 0, &running)
            }
            guard perform() else { break }
            reap()
            if count < ready.count { expire(polled) }
            startWaiting()
            inbox.runJobs()
        }
        endAll(.cancelled, "the transport is closed")
        closeAll()
    }

    private func open(_ wakeup: Wakeup) -> Bool {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        names = NameBook()
        multis = CurlMultis(connectionLimit: shared.withLock { $0.idleConnectionLimit })
        share = curl_share_init()
        guard CurlLoop.initialised, epoll >= 0, let share else { return false }
        // One thread, hence no lock functions.
        vw_share_data(share, CURL_LOCK_DATA_SSL_SESSION)
        return vw_epoll_set(epoll, EPOLL_CTL_ADD, wakeup.descriptor, vw_epoll_in) == 0
    }

    /// Time in which this thread did not run says nothing about a peer.
    private func forgive(_ stall: Duration) {
        guard stall > .zero else { return }
        for transfer in active.values { transfer.extend(by: stall) }
        for transfer in waiting { transfer.extend(by: stall) }
    }

    /// Ends the transfers whose time was over when the sockets were last polled: what had come by then has been read.
    private func expire(_ polled: Instant) {
        while let (key, _) = deadlines.popFirst(dueBy: polled) {
            guard let transfer = active[key] else { continue }
            if transfer.deadline > polled {
                deadlines.schedule(key, at: transfer.deadline)
            } else if transfer.talkSocket != nil {
                transfer.dialogue.end(.timeout)
                endDialogue(transfer)
            } else {
                end(transfer, transfer.timedOut(transfer.connectedSocket ?? transfer.openedSockets.last))
            }
        }
    }

    private func waitMilliseconds(_ now: Instant) -> Int32 {
        if inbox.hasWork { return 0 }
        var next = multis.deadline
        if let first = deadlines.firstDue { next = min(next ?? first, first) }
        for transfer in waiting {
            let last = min(transfer.waitDeadline, transfer.latestStart)
            next = min(next ?? last, last)
            for endpoint in transfer.endpoints where transfer.awaits(endpoint.name) {
                if let retry = names.retry(endpoint.name) { next = min(next ?? retry, retry) }
            }
        }
        guard let next else { return -1 }
        let wait = next - now
        // Rounded up: waking early would spin.
        return wait <= .zero ? 0 : Int32(clamping: wait.wholeMilliseconds + 1)
    }

    /// Executes commands of other threads.
    /// - Returns: false after `stop`.
    private func perform() -> Bool {
        for command in inbox.take() {
            switch command {
            case .start(let transfer): waiting.append(transfer)
            case .cancel(let transfer):
                guard !transfer.isFinished else { continue }
                waiting.removeAll { $0 === transfer }
                end(transfer, .failure(TransportError(.cancelled, "\(transfer.origin): cancelled")))
            case .resume(let transfer):
                if !transfer.isFinished, let easy = transfer.easy { curl_easy_pause(easy, CURLPAUSE_CONT) }
            case .setIdleConnectionLimit(let limit): multis.limitConnections(limit)
            case .found(let name, let answer): found(name, answer)
            // Nothing is accepted after `stop`.
            case .stop: return false
            }
        }
        return true
    }

    /// Starts the transfers that may start: at once if an idle connection is available, otherwise within the limits of
    /// concurrent connects.
    private func startWaiting() {
        guard !waiting.isEmpty else { return }
        let now = platform.time.monotonic()
        var left: [CurlTransfer] = []
        // The idle connections that transfers of this round get.
        var taken: [String: Int] = [:]
        for transfer in waiting {
            let hasConnection = sockets.idleByOrigin[transfer.origin, default: 0] > taken[transfer.origin, default: 0]
            if let missing = missingName(transfer, hasConnection: hasConnection, now) {
                guard transfer.waitDeadline <= now else {
                    left.append(transfer)
                    continue
                }
                let limit = transfer.connectTimeout.wholeMilliseconds
                let message = "\(transfer.origin): \(missing): no answer from the name servers in \(limit) ms"
                end(transfer, .failure(TransportError(.timeout, message)))
            } else if transfer.latestStart <= now {
                let waited = (transfer.timeout - (transfer.deadline - now)).wholeMilliseconds
                let message =
                    "\(transfer.origin): not begun in \(waited) ms, since this machine is busy or other connections are being established (\(connecting))"
                // A limit of zero leaves no time to begin: that is the caller's timeout.
                end(transfer, .failure(TransportError(transfer.timeout > .zero ? .notBegun : .timeout, message)))
            } else {
                transfer.lookupEnded(now)
                guard hasConnection || mayConnect(transfer.origin) else {
                    left.append(transfer)
                    continue
                }
                if hasConnection { taken[transfer.origin, default: 0] += 1 }
                start(transfer, now)
            }
        }
        waiting = left
    }

    private func mayConnect(_ origin: String) -> Bool {
        connecting < options.concurrentConnects
            && connectingByOrigin[origin, default: 0] < options.concurrentConnectsPerOrigin
    }

    private func start(_ transfer: CurlTransfer, _ now: Instant) {
        // A used handle may still have its buffer, whose size can't be changed then: transfers that need another size
        // get a new handle.
        guard
            let multi = multis.handle(for: transfer.origin, self, isKept: { sockets.idleByOrigin[$0] != nil }),
            let easy = transfer.pieces != nil ? curl_easy_init() : spareHandles.popLast() ?? curl_easy_init()
        else {
            end(transfer, .failure(TransportError(.other, "\(transfer.origin): out of memory")))
            return
        }
        transfer.loop = self
        transfer.multi = multi
        do {
            try transfer.prepare(easy, remaining: transfer.deadline - now, files: platform.files)
            try transfer.pin(names.lines(for: transfer), easy)
        } catch {
            end(transfer, .failure(error))
            return
        }
        vw_set_pointer(easy, CURLOPT_SHARE, share)
        vw_set_close_socket(easy, CurlLoop.onCloseSocket, Unmanaged.passUnretained(self).toOpaque())
        guard curl_multi_add_handle(multi.handle, easy) == CURLM_OK else {
            end(transfer, .failure(TransportError(.other, "\(transfer.origin): libcurl refuses the transfer")))
            return
        }
        active[ObjectIdentifier(transfer)] = transfer
        deadlines.schedule(ObjectIdentifier(transfer), at: transfer.deadline)
        transfer.isConnecting = true
        connecting += 1
        connectingByOrigin[transfer.origin, default: 0] += 1
    }

    /// Collects the transfers that libcurl has ended.
    private func reap() { for multi in multis.all { reap(multi) } }

    private func reap(_ multi: CurlMulti) {
        var code = CURLE_OK
        while let easy = vw_next_done(multi.handle, &code) {
            var context: UnsafeMutableRawPointer?
            vw_get_pointer(easy, &context)
            guard let context else { continue }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            if code == CURLE_OK, case .dialogue = transfer.job {
                beginDialogue(transfer, easy)
                continue
            }
            watchIdle(transfer)
            end(transfer, transfer.conclude(code))
        }
    }

    /// Every transfer leaves the loop through here.
    func end(_ transfer: CurlTransfer, _ result: Result<CurlTransfer.Outcome, TransportError>) {
        endConnecting(transfer)
        forgetDialogue(transfer)
        if let easy = transfer.easy {
            transfer.easy = nil
            if active.removeValue(forKey: ObjectIdentifier(transfer)) != nil {
                deadlines.cancel(ObjectIdentifier(transfer))
                if let multi = transfer.multi { curl_multi_remove_handle(multi.handle, easy) }
            }
            transfer.multi = nil
            if transfer.pieces == nil, spareHandles.count < CurlLoop.spareHandleLimit {
                curl_easy_reset(easy)
                spareHandles.append(easy)
            } else {
                curl_easy_cleanup(easy)
            }
        }
        shared.withLock { $0.outstanding -= 1 }
        transfer.finish(result)
    }

    func endConnecting(_ transfer: CurlTransfer) {
        guard transfer.isConnecting else { return }
        transfer.isConnecting = false
        connecting -= 1
        let left = connectingByOrigin[transfer.origin, default: 1] - 1
        connectingByOrigin[transfer.origin] = left > 0 ? left : nil
    }

    /// The thread ends; fails all transfers, including those in the inbox.
    private func endAll(_ reason: TransportError.Reason, _ message: String) {
        var transfers = Array(active.values) + waiting
        waiting = []
        while true {
            for transfer in transfers where !transfer.isFinished {
                end(transfer, .failure(TransportError(reason, "\(transfer.origin): \(message)")))
            }
            let commands = inbox.takeLast()
            if commands.isEmpty { return }
            transfers = []
            for case .start(let transfer) in commands { transfers.append(transfer) }
        }
    }

    private func closeAll() {
        for easy in spareHandles { curl_easy_cleanup(easy) }
        spareHandles = []
        for multi in multis.all { multi.close() }
        multis = CurlMultis(connectionLimit: 0)
        if let share { curl_share_cleanup(share) }
        share = nil
        if epoll >= 0 { Glibc.close(epoll) }
        epoll = -1
    }
}
