import CCurl
import Glibc
import Platform
import Samples
import Synchronization

/// libcurl's event loop on one thread: curl_multi_socket_action(3) over epoll(7), woken by an eventfd.
///
/// Other threads only `submit`, `cancel` and `resume`; all else happens on the thread, so no lock is held
/// while libcurl runs. Its cost does not grow with the number of transfers that hang.
final class CurlLoop: @unchecked Sendable {
    enum Command: Sendable {
        case start(CurlTransfer)
        case cancel(CurlTransfer)
        /// The reader of its pieces has caught up.
        case resume(CurlTransfer)
        case setIdleConnectionLimit(Int)
        case stop
    }

    private enum Life {
        /// No thread yet, or one that could not open what libcurl needs: the next submission starts one.
        case dormant
        case running
        case stopped
    }

    private struct Inbox {
        var life = Life.dormant
        var wakeup: Wakeup?
        var commands: [Command] = []
        /// Submitted and not yet ended.
        var outstanding = 0
        var idleConnectionLimit: Int
    }

    let options: CurlTransportOptions
    private let name: String
    private let platform: Platform
    private let inbox: Mutex<Inbox>

    // Everything from here on belongs to the thread.
    private var multi: UnsafeMutableRawPointer?
    private var share: UnsafeMutableRawPointer?
    private var epoll: Int32 = -1
    private var spareHandles: [UnsafeMutableRawPointer] = []
    private var active: [ObjectIdentifier: CurlTransfer] = [:]
    private var waiting: [CurlTransfer] = []
    private var connecting = 0
    private var connectingByOrigin: [String: Int] = [:]
    /// When libcurl wants CURL_SOCKET_TIMEOUT.
    private var curlDeadline: Instant?
    private var sockets = SocketTable()

    static let spareHandleLimit = 32

    private static let initialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// The thread is started by the first submission.
    /// - Parameter name: the thread's.
    init(name: String, options: CurlTransportOptions, platform: Platform) {
        self.name = name
        self.options = options
        self.platform = platform
        inbox = Mutex(Inbox(idleConnectionLimit: options.idleConnectionLimit))
    }

    // MARK: - For any thread

    /// Hands a transfer over. Its completion is called exactly once, on the loop's thread or here at once. Where the
    /// thread can't be started the transfer fails with `.other`, and the next submission tries again.
    func submit(_ transfer: CurlTransfer) {
        let refusal: TransportError? = transfer.ticket.withLock { ticket in
            guard ticket == .fresh else { return TransportError(.cancelled, "\(transfer.origin): cancelled") }
            let refusal = inbox.withLock { enqueue(transfer, &$0) }
            if refusal == nil { ticket = .queued }
            return refusal
        }
        if let refusal { transfer.finish(.failure(refusal)) }
    }

    private func enqueue(_ transfer: CurlTransfer, _ inbox: inout Inbox) -> TransportError? {
        if inbox.life == .stopped { return TransportError(.cancelled, "\(transfer.origin): the transport is closed") }
        if inbox.outstanding >= options.queueLimit {
            return TransportError(.other, "\(transfer.origin): \(options.queueLimit) requests are under way already")
        }
        if inbox.life == .dormant {
            do { try start(&inbox) } catch { return TransportError(.other, "\(transfer.origin): \(error)") }
        }
        inbox.outstanding += 1
        inbox.commands.append(.start(transfer))
        inbox.wakeup?.signal()
        return nil
    }

    private func start(_ inbox: inout Inbox) throws(ThreadError) {
        if inbox.wakeup == nil { inbox.wakeup = Wakeup() }
        guard CurlLoop.initialised, let wakeup = inbox.wakeup else { throw ThreadError(name: name, code: EMFILE) }
        try platform.threads.start(name) { self.run(wakeup) }
        inbox.life = .running
    }

    /// Ends a transfer with `.cancelled`, before or after its start; a finished one stays finished.
    func cancel(_ transfer: CurlTransfer) {
        transfer.ticket.withLock { ticket in
            if ticket == .queued { post(.cancel(transfer)) }
            ticket = .cancelled
        }
    }

    func resume(_ transfer: CurlTransfer) { post(.resume(transfer)) }

    /// See `CurlTransportOptions.idleConnectionLimit`.
    func setIdleConnectionLimit(_ limit: Int) {
        inbox.withLock { $0.idleConnectionLimit = limit }
        post(.setIdleConnectionLimit(limit))
    }

    /// Ends every transfer with `.cancelled`, then the thread. Later submissions fail at once.
    func stop() {
        inbox.withLock { inbox in
            if inbox.life == .running {
                inbox.commands.append(.stop)
                inbox.wakeup?.signal()
            }
            // From here on nothing comes in behind the command, where nobody would read it.
            inbox.life = .stopped
        }
    }

    private func post(_ command: Command) {
        inbox.withLock { inbox in
            guard inbox.life == .running else { return }
            inbox.commands.append(command)
            inbox.wakeup?.signal()
        }
    }

    // MARK: - On the thread

    private func run(_ wakeup: Wakeup) {
        guard open(wakeup) else {
            closeAll()
            endAll(.other, "libcurl's thread has no descriptor or memory left")
            return
        }
        var ready = [vw_ready](repeating: vw_ready(), count: 256)
        var running: Int32 = 0
        while true {
            let count = vw_epoll_wait(epoll, &ready, Int32(ready.count), waitMilliseconds())
            for event in ready.prefix(Int(max(0, count))) {
                if event.descriptor == wakeup.descriptor {
                    wakeup.drain()
                } else if sockets.isIdle(event.descriptor) {
                    lostIdle(event.descriptor, event.events)
                } else {
                    curl_multi_socket_action(multi, event.descriptor, CurlLoop.curlEvents(event.events), &running)
                }
            }
            if let deadline = curlDeadline, deadline <= platform.time.monotonic() {
                curlDeadline = nil
                curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
            }
            guard perform() else { break }
            reap()
            startWaiting()
        }
        endAll(.cancelled, "the transport is closed")
        closeAll()
    }

    private func open(_ wakeup: Wakeup) -> Bool {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        multi = curl_multi_init()
        share = curl_share_init()
        guard epoll >= 0, let multi, let share else { return false }
        // One thread, hence no lock functions.
        vw_share_data(share, CURL_LOCK_DATA_SSL_SESSION)
        limitConnections(inbox.withLock { $0.idleConnectionLimit })
        // No HTTP/2: a thousand polled targets take half as much again in memory.
        vw_multi_set_long(multi, CURLMOPT_PIPELINING, 0)
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard vw_multi_callbacks(multi, CurlLoop.onSocket, CurlLoop.onTimer, context) == CURLM_OK else { return false }
        return vw_epoll_set(epoll, EPOLL_CTL_ADD, wakeup.descriptor, vw_epoll_in) == 0
    }

    /// CURLMOPT_MAXCONNECTS(3) counts the connections in use too; one more closes the kept one that was used least
    /// recently.
    private func limitConnections(_ limit: Int) {
        vw_multi_set_long(multi, CURLMOPT_MAXCONNECTS, min(max(limit, 1), 1 << 20))
    }

    private func waitMilliseconds() -> Int32 {
        var next = curlDeadline
        for transfer in waiting where next.map({ transfer.deadline < $0 }) ?? true { next = transfer.deadline }
        guard let next else { return -1 }
        let wait = next - platform.time.monotonic()
        // Rounded up: waking early would spin.
        return wait <= .zero ? 0 : Int32(clamping: wait.wholeMilliseconds + 1)
    }

    /// Performs what other threads have asked for.
    /// - Returns: false after `stop`.
    private func perform() -> Bool {
        let commands = inbox.withLock { inbox in
            defer { inbox.commands.removeAll(keepingCapacity: true) }
            return inbox.commands
        }
        for command in commands {
            switch command {
            case .start(let transfer): waiting.append(transfer)
            case .cancel(let transfer):
                guard !transfer.isFinished else { continue }
                waiting.removeAll { $0 === transfer }
                end(transfer, .failure(TransportError(.cancelled, "\(transfer.origin): cancelled")))
            case .resume(let transfer):
                if !transfer.isFinished, let easy = transfer.easy { curl_easy_pause(easy, CURLPAUSE_CONT) }
            case .setIdleConnectionLimit(let limit): limitConnections(limit)
            // `stop` lets nothing in behind it.
            case .stop: return false
            }
        }
        return true
    }

    /// Starts what may start: at once where a kept connection is idle, else within the limits of concurrent connects.
    private func startWaiting() {
        guard !waiting.isEmpty else { return }
        let now = platform.time.monotonic()
        var left: [CurlTransfer] = []
        var warm = sockets.idleByOrigin
        for transfer in waiting {
            let hasConnection = warm[transfer.origin, default: 0] > 0
            if transfer.deadline <= now {
                let message =
                    "\(transfer.origin): not begun in \(transfer.timeout.wholeMilliseconds) ms, since other connections are being established (\(connecting))"
                end(transfer, .failure(TransportError(.timeout, message)))
            } else if hasConnection || mayConnect(transfer.origin) {
                if hasConnection { warm[transfer.origin, default: 0] -= 1 }
                start(transfer, now)
            } else {
                left.append(transfer)
            }
        }
        waiting = left
    }

    private func mayConnect(_ origin: String) -> Bool {
        connecting < options.concurrentConnects
            && connectingByOrigin[origin, default: 0] < options.concurrentConnectsPerOrigin
    }

    private func start(_ transfer: CurlTransfer, _ now: Instant) {
        // A handle may have its buffer still, whose size can't be changed then: what needs another size gets a new
        // handle.
        guard let easy = transfer.pieces != nil ? curl_easy_init() : spareHandles.popLast() ?? curl_easy_init() else {
            end(transfer, .failure(TransportError(.other, "\(transfer.origin): out of memory")))
            return
        }
        transfer.loop = self
        do {
            try transfer.prepare(easy, remaining: transfer.deadline - now, files: platform.files)
        } catch {
            end(transfer, .failure(error))
            return
        }
        vw_set_pointer(easy, CURLOPT_SHARE, share)
        vw_set_close_socket(easy, CurlLoop.onCloseSocket, Unmanaged.passUnretained(self).toOpaque())
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
            end(transfer, .failure(TransportError(.other, "\(transfer.origin): libcurl refuses the transfer")))
            return
        }
        active[ObjectIdentifier(transfer)] = transfer
        transfer.isConnecting = true
        connecting += 1
        connectingByOrigin[transfer.origin, default: 0] += 1
    }

    /// Collects the transfers that libcurl has ended.
    private func reap() {
        var code = CURLE_OK
        while let easy = vw_next_done(multi, &code) {
            var context: UnsafeMutableRawPointer?
            vw_get_pointer(easy, &context)
            guard let context else { continue }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            watchIdle(transfer, easy)
            end(transfer, transfer.conclude(code))
        }
    }

    /// The one way out of the loop for a transfer.
    private func end(_ transfer: CurlTransfer, _ result: Result<CurlTransfer.Outcome, TransportError>) {
        endConnecting(transfer)
        if let easy = transfer.easy {
            transfer.easy = nil
            if active.removeValue(forKey: ObjectIdentifier(transfer)) != nil { curl_multi_remove_handle(multi, easy) }
            if transfer.pieces == nil, spareHandles.count < CurlLoop.spareHandleLimit {
                curl_easy_reset(easy)
                spareHandles.append(easy)
            } else {
                curl_easy_cleanup(easy)
            }
        }
        inbox.withLock { $0.outstanding -= 1 }
        transfer.finish(result)
    }

    private func endConnecting(_ transfer: CurlTransfer) {
        guard transfer.isConnecting else { return }
        transfer.isConnecting = false
        connecting -= 1
        let left = connectingByOrigin[transfer.origin, default: 1] - 1
        connectingByOrigin[transfer.origin] = left > 0 ? left : nil
    }

    /// The thread ends, and so do all transfers, those in the inbox too.
    private func endAll(_ reason: TransportError.Reason, _ message: String) {
        var transfers = Array(active.values) + waiting
        waiting = []
        while true {
            for transfer in transfers where !transfer.isFinished {
                end(transfer, .failure(TransportError(reason, "\(transfer.origin): \(message)")))
            }
            let commands = inbox.withLock { inbox in
                // Once dormant, the loop may belong to a new thread: nothing of it is touched here any more.
                if inbox.commands.isEmpty, inbox.life == .running { inbox.life = .dormant }
                defer { inbox.commands = [] }
                return inbox.commands
            }
            if commands.isEmpty { return }
            transfers = []
            for case .start(let transfer) in commands { transfers.append(transfer) }
        }
    }

    private func closeAll() {
        for easy in spareHandles { curl_easy_cleanup(easy) }
        spareHandles = []
        if let multi { curl_multi_cleanup(multi) }
        multi = nil
        if let share { curl_share_cleanup(share) }
        share = nil
        if epoll >= 0 { Glibc.close(epoll) }
        epoll = -1
    }

    // MARK: - Sockets

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlLoop? {
        context.map { Unmanaged<CurlLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func curlEvents(_ events: UInt32) -> Int32 {
        var mask: Int32 = 0
        if events & vw_epoll_in != 0 { mask |= CURL_CSELECT_IN }
        if events & vw_epoll_out != 0 { mask |= CURL_CSELECT_OUT }
        if events & (vw_epoll_err | vw_epoll_hup) != 0 { mask |= CURL_CSELECT_ERR }
        return mask
    }

    /// CURLMOPT_SOCKETFUNCTION(3).
    private static let onSocket: vw_socket_callback = { _, socket, what, context, _ in
        from(context)?.watch(socket, what)
        return 0
    }

    /// CURLMOPT_TIMERFUNCTION(3).
    private static let onTimer: vw_timer_callback = { _, milliseconds, context in
        guard let loop = from(context) else { return 0 }
        loop.curlDeadline = milliseconds < 0 ? nil : loop.platform.time.monotonic() + .milliseconds(milliseconds)
        return 0
    }

    /// CURLOPT_CLOSESOCKETFUNCTION(3): libcurl is done with a connection, its own or a kept one.
    private static let onCloseSocket: vw_close_socket_callback = { context, socket in
        from(context)?.sockets.remove(socket)
        return Glibc.close(socket)
    }

    private func watch(_ socket: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            if sockets.setWatched(socket, false) { vw_epoll_set(epoll, EPOLL_CTL_DEL, socket, 0) }
            return
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= vw_epoll_in }
        if what & CURL_POLL_OUT != 0 { events |= vw_epoll_out }
        let watched = sockets.setWatched(socket, true)
        // A number can be registered without our knowing only after its close, which epoll notices by itself.
        if vw_epoll_set(epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events) != 0 {
            vw_epoll_set(epoll, watched ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, events)
        }
    }

    /// A transfer has its connection, so that another one may connect. The certificate's expiry is kept with the
    /// connection, since a transfer on a kept one sees no certificate.
    func connected(_ transfer: CurlTransfer, localPort: Int32) {
        endConnecting(transfer)
        guard let easy = transfer.easy else { return }
        if let fresh = transfer.openedSockets.last(where: { vw_local_port($0) == localPort }) {
            transfer.certificateExpiry = CertificateInfo.earliestExpiry(easy)
            sockets.add(
                fresh,
                SocketTable.Connection(
                    origin: transfer.origin, localPort: localPort, certificateExpiry: transfer.certificateExpiry),
                user: ObjectIdentifier(transfer))
        } else {
            let kept = sockets.use(origin: transfer.origin, localPort: localPort, user: ObjectIdentifier(transfer))
            transfer.certificateExpiry = kept?.certificateExpiry
        }
        transfer.openedSockets = []
    }

    /// Whole seconds until the transfer's end, at least one.
    func secondsLeft(for transfer: CurlTransfer) -> Int {
        max(1, (transfer.deadline - platform.time.monotonic()).wholeMilliseconds / 1000)
    }

    /// After a transfer: if its connection is kept, notice when the peer drops it.
    private func watchIdle(_ transfer: CurlTransfer, _ easy: UnsafeMutableRawPointer) {
        var socket: curl_socket_t = -1
        guard vw_get_socket(easy, &socket) == CURLE_OK, socket >= 0,
            let watched = sockets.setIdle(socket, after: ObjectIdentifier(transfer))
        else { return }
        // Over TLS bytes may come unasked, such as a session's ticket; what HTTP itself says unasked belongs to no
        // request.
        let events = transfer.origin.hasPrefix("http:") ? vw_epoll_rdhup | vw_epoll_in : vw_epoll_rdhup
        if vw_epoll_set(epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events) != 0 {
            sockets.clearIdle(socket)
        }
    }

    private func lostIdle(_ socket: Int32, _ events: UInt32) {
        // epoll would report the end again and again; libcurl finds out at the next use.
        vw_epoll_set(epoll, EPOLL_CTL_DEL, socket, 0)
        let connection = sockets.clearIdle(socket)
        guard events & (vw_epoll_rdhup | vw_epoll_hup | vw_epoll_err) == 0 else {
            if let connection { options.onIdleConnectionLost?(connection.origin) }
            return
        }
        // Unasked bytes would be taken for the answer to the next request. Once shut down, libcurl discards the connection.
        shutdown(socket, Int32(SHUT_RDWR))
    }
}
