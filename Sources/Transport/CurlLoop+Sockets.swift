import CCurl
import Glibc
import Platform

/// libcurl's notifications about its sockets and timers.
extension CurlLoop {
    private static func multi(_ context: UnsafeMutableRawPointer?) -> CurlMulti? {
        context.map { Unmanaged<CurlMulti>.fromOpaque($0).takeUnretainedValue() }
    }

    static func curlEvents(_ events: UInt32) -> Int32 {
        var mask: Int32 = 0
        if events & vw_epoll_in != 0 { mask |= CURL_CSELECT_IN }
        if events & vw_epoll_out != 0 { mask |= CURL_CSELECT_OUT }
        if events & (vw_epoll_err | vw_epoll_hup) != 0 { mask |= CURL_CSELECT_ERR }
        return mask
    }

    /// CURLMOPT_SOCKETFUNCTION(3).
    static let onSocket: vw_socket_callback = { _, socket, what, context, _ in
        if let multi = multi(context) { multi.loop.watch(socket, what, multi) }
        return 0
    }

    /// CURLMOPT_TIMERFUNCTION(3).
    static let onTimer: vw_timer_callback = { _, milliseconds, context in
        guard let multi = multi(context) else { return 0 }
        multi.deadline = milliseconds < 0 ? nil : multi.loop.platform.time.monotonic() + .milliseconds(milliseconds)
        return 0
    }

    /// CURLOPT_CLOSESOCKETFUNCTION(3): libcurl closes a connection, in use or idle.
    static let onCloseSocket: vw_close_socket_callback = { context, socket in
        if let context { Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().closing(socket) }
        return Glibc.close(socket)
    }

    private func closing(_ socket: Int32) {
        // During a handshake the connection is not known yet.
        let user = sockets.user(of: socket).flatMap { active[$0] }
        let transfer = user ?? active.values.first { $0.openedSockets.contains(socket) }
        transfer?.isTaken = vw_peer_took_all(socket) != 0
        sockets.remove(socket)
        multis.unwatch(socket)
    }

    private func watch(_ socket: Int32, _ what: Int32, _ multi: CurlMulti) {
        if what == CURL_POLL_REMOVE {
            multis.unwatch(socket)
            if sockets.setWatched(socket, false) { vw_epoll_set(epoll, EPOLL_CTL_DEL, socket, 0) }
            return
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= vw_epoll_in }
        if what & CURL_POLL_OUT != 0 { events |= vw_epoll_out }
        multis.watch(socket, multi)
        let watched = sockets.setWatched(socket, true)
        // A socket can be registered unknown to us only after its close, which epoll notices itself.
        if vw_epoll_set(epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events) != 0 {
            vw_epoll_set(epoll, watched ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, events)
        }
    }

    /// A transfer has its connection, so that another one may connect. The certificate's expiry is stored with the
    /// connection, since a transfer on a reused one sees no certificate.
    func connected(_ transfer: CurlTransfer, localPort: Int32) {
        endConnecting(transfer)
        guard let easy = transfer.easy else { return }
        if let fresh = transfer.openedSockets.last(where: { vw_local_port($0) == localPort }) {
            transfer.certificate = CertificateInfo.current(easy)
            sockets.add(
                fresh,
                SocketTable.Connection(
                    origin: transfer.origin, localPort: localPort, certificate: transfer.certificate),
                user: ObjectIdentifier(transfer))
            transfer.connectedSocket = fresh
        } else {
            let kept = sockets.use(origin: transfer.origin, localPort: localPort, user: ObjectIdentifier(transfer))
            transfer.certificate = kept?.connection.certificate
            transfer.connectedSocket = kept?.socket
        }
        transfer.openedSockets = []
    }

    /// Whole seconds until the transfer's deadline, at least one.
    func secondsLeft(for transfer: CurlTransfer) -> Int {
        max(1, (transfer.deadline - platform.time.monotonic()).wholeMilliseconds / 1000)
    }

    /// After a transfer: if its connection is kept, watches for the peer closing it. To ask libcurl for the socket would
    /// make it look through all its connections.
    func watchIdle(_ transfer: CurlTransfer) {
        guard let socket = transfer.connectedSocket,
            let watched = sockets.setIdle(socket, after: ObjectIdentifier(transfer))
        else { return }
        // Over TLS unsolicited bytes may arrive, such as session tickets; in plain HTTP unsolicited bytes belong to no
        // request.
        let events = transfer.origin.hasPrefix("http:") ? vw_epoll_rdhup | vw_epoll_in : vw_epoll_rdhup
        if vw_epoll_set(epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events) != 0 {
            sockets.clearIdle(socket)
        }
    }

    func lostIdle(_ socket: Int32, _ events: UInt32) {
        // epoll would keep reporting the close; libcurl notices at the next use.
        vw_epoll_set(epoll, EPOLL_CTL_DEL, socket, 0)
        let connection = sockets.clearIdle(socket)
        guard events & (vw_epoll_rdhup | vw_epoll_hup | vw_epoll_err) == 0 else {
            if let connection { options.onIdleConnectionLost?(connection.origin) }
            return
        }
        // Unsolicited bytes would be taken for the answer to the next request. After the shutdown libcurl discards the
        // connection.
        shutdown(socket, Int32(SHUT_RDWR))
    }
}
