import CCurl
import Platform
import Samples

/// Conversations: libcurl connects, with TLS, and hands the connection over; CURLOPT_CONNECT_ONLY(3), curl_easy_recv(3).
extension CurlLoop {
    /// Begins the conversation of a transfer that has its connection.
    func beginDialogue(_ transfer: CurlTransfer, _ easy: UnsafeMutableRawPointer) {
        var socket: curl_socket_t = -1
        guard vw_get_socket(easy, &socket) == CURLE_OK, socket >= 0,
            vw_epoll_set(epoll, EPOLL_CTL_ADD, socket, vw_epoll_in) == 0
        else {
            end(transfer, .failure(TransportError(.other, "\(transfer.origin): the connection cannot be waited for")))
            return
        }
        transfer.talkBegan = platform.time.monotonic()
        transfer.talkSocket = socket
        talking[socket] = transfer
        advance(transfer)
    }

    /// Takes as many steps of the conversation as can be taken now.
    func advance(_ transfer: CurlTransfer) {
        guard let easy = transfer.easy, let socket = transfer.talkSocket else { return }
        var isBlocked = false
        while !isBlocked {
            switch transfer.dialogue.need {
            case .nothing: return endDialogue(transfer)
            case .write(let bytes):
                var count = 0
                switch curl_easy_send(easy, bytes, bytes.count, &count) {
                case CURLE_OK: transfer.dialogue.wrote(count)
                case CURLE_AGAIN:
                    vw_epoll_set(epoll, EPOLL_CTL_MOD, socket, vw_epoll_in | vw_epoll_out)
                    isBlocked = true
                default: transfer.dialogue.end(.closed)
                }
            case .read:
                var buffer = [UInt8](repeating: 0, count: 8192)
                var count = 0
                switch curl_easy_recv(easy, &buffer, buffer.count, &count) {
                case CURLE_OK where count > 0: transfer.dialogue.read(buffer[..<count])
                case CURLE_AGAIN:
                    vw_epoll_set(epoll, EPOLL_CTL_MOD, socket, vw_epoll_in)
                    isBlocked = true
                default: transfer.dialogue.end(.closed)
                }
            }
        }
    }

    /// The conversation is over.
    func endDialogue(_ transfer: CurlTransfer) {
        let talked = transfer.talkBegan.map { platform.time.monotonic() - $0 } ?? .zero
        end(transfer, .success(.dialogue(transfer.dialogueReply(talked))))
    }

    /// The connection is about to be closed.
    func forgetDialogue(_ transfer: CurlTransfer) {
        guard let socket = transfer.talkSocket else { return }
        transfer.talkSocket = nil
        talking[socket] = nil
        vw_epoll_set(epoll, EPOLL_CTL_DEL, socket, 0)
    }
}

extension CurlTransfer {
    /// Source: CURLOPT_CONNECT_ONLY(3). The scheme of the URL says only whether there is TLS: no byte of HTTP is sent.
    func prepare(_ request: DialogueRequest, _ setup: CurlSetup, _ files: any FileAccess) throws(TransportError) {
        let host = request.host.contains(":") ? "[\(request.host)]" : request.host
        let name = request.usesTLS ? request.tls.serverName ?? request.host : request.host
        let nameInURL = name.contains(":") ? "[\(name)]" : name
        try setup.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try setup.set(CURLOPT_URL, "\(request.usesTLS ? "https" : "http")://\(nameInURL):\(request.port)/")
        if name != request.host {
            try setup.set(
                CURLOPT_CONNECT_TO, list: ["\(nameInURL):\(request.port):\(host):\(request.port)"], of: self)
        }
        if request.usesTLS {
            try prepare(tls: request.tls, setup, files)
            // Not HTTP: some servers refuse a protocol that they do not speak.
            try setup.set(CURLOPT_SSL_ENABLE_ALPN, 0)
        }
        try setup.set(CURLOPT_CONNECT_ONLY, 1)
        try setup.set(CURLOPT_FRESH_CONNECT, 1)
    }

    func dialogueReply(_ talked: Duration) -> DialogueReply {
        var reply = DialogueReply()
        reply.unmet = dialogue.unmet
        reply.lastLine = String(decoding: dialogue.lastLine, as: UTF8.self)
        reply.timing = timing()
        reply.timing.processing = talked / .seconds(1)
        reply.timing.transfer = 0
        reply.timing.total += reply.timing.processing
        reply.certificateExpiry = certificate?.expiry
        reply.certificateLifetime = certificate?.lifetime
        return reply
    }
}
