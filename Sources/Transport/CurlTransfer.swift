import CCurl
import Platform
import Samples
import Synchronization
import Text

/// One transfer: the request, the destination of its bytes, and its result.
///
/// Everything but `ticket` belongs to the loop's thread once `submit` was called.
final class CurlTransfer: @unchecked Sendable {
    enum Job: Sendable {
        case http(HTTPRequest)
        case mail(MailRequest)
        case dialogue(DialogueRequest)
    }

    /// The result.
    enum Outcome: Sendable {
        case http(HTTPResponse)
        case mail(MailReply)
        case dialogue(DialogueReply)
    }

    enum Ticket: Sendable {
        case fresh
        case queued
        case cancelled
    }

    /// A transfer may be cancelled before it starts. Posting inside the lock makes the loop see a start before its
    /// cancel.
    let ticket = Mutex(Ticket.fresh)

    let job: Job
    let origin: String
    let timeout: Duration
    /// When it must have ended.
    private(set) var deadline: Instant
    /// By how much its deadline was put off.
    private var extended = Duration.zero
    /// Receives the body piece by piece; nil collects it in `body`.
    let pieces: TransferMailbox?
    /// The endpoints whose addresses libcurl needs.
    let endpoints: [Endpoint]
    var addresses: [String: [String]] = [:]
    var lookupStart: Instant?
    var lookupDuration: Duration = .zero
    /// When it fails if it has not started yet.
    var waitDeadline: Instant
    private let completion: @Sendable (Result<Outcome, TransportError>) -> Void
    private(set) var isFinished = false

    // libcurl's resources while the transfer runs.
    var easy: UnsafeMutableRawPointer?
    var lists: [UnsafeMutablePointer<curl_slist>] = []
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    let upload: UnsafeMutableBufferPointer<UInt8>
    var uploaded = 0
    /// Connections on which the request has been, or is about to be, written.
    var connections = 0
    /// Whether it counts against the loop's limits of concurrent connects.
    var isConnecting = false
    /// Sockets opened for it, of which one became its connection.
    var openedSockets: [Int32] = []
    /// That of its connection, once it has one that the loop knows.
    var connectedSocket: Int32?
    /// See `TransportError.isTaken`; known when the socket closes.
    var isTaken = false
    weak var loop: CurlLoop?
    /// The handle that it was added to.
    var multi: CurlMulti?

    // Once it is connected, for a conversation.
    var dialogue = Dialogue([])
    var talkBegan: Instant?
    var talkSocket: Int32?

    // The received answer.
    var status = 0
    var headers: [(name: String, value: String)] = []
    var headerBytes = 0
    var headersEnded = false
    var body: [UInt8] = []
    var bodyBytes = 0
    var certificate: CertificateInfo?
    /// Set if one of our callbacks stopped the transfer.
    var stopped: TransportError?
    /// SMTP: the server has said 354 and the message is on its way.
    var mailDataSeen = false
    var allowsRefusedRecipients = false

    static let headerLimitBytes = 65536

    init(
        _ job: Job, origin: String, timeout: Duration, now: Instant, pieces: TransferMailbox? = nil,
        completion: @escaping @Sendable (Result<Outcome, TransportError>) -> Void
    ) {
        self.job = job
        self.origin = origin
        self.timeout = timeout.bounded
        deadline = now + timeout.bounded
        waitDeadline = deadline
        endpoints = CurlTransfer.endpoints(job, origin: origin)
        self.pieces = pieces
        self.completion = completion
        let bytes: [UInt8] =
            switch job {
            case .http(let request): request.body
            case .mail(let mail): mail.message
            case .dialogue: []
            }
        // libcurl does not copy it (CURLOPT_POSTFIELDS), so it must not move.
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
        upload = UnsafeMutableBufferPointer(start: memory, count: bytes.count)
        _ = upload.initialize(from: bytes)
        errorText[0] = 0
        if case .dialogue(let request) = job { dialogue = Dialogue(request.steps) }
    }

    deinit {
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
        upload.baseAddress?.deallocate()
    }

    /// Puts off its end by time in which this process did not run; not without end.
    func extend(by duration: Duration) {
        let more = min(duration, LoopStall.limit - extended)
        extended += more
        deadline = deadline + more
        waitDeadline = waitDeadline + more
    }

    /// The failure of a transfer whose time is over.
    /// - Parameter socket: its connection, as far as it has one.
    func timedOut(_ socket: Int32?) -> Result<Outcome, TransportError> {
        if let socket { isTaken = vw_peer_took_all(socket) != 0 }
        let limit = timeout.wholeMilliseconds
        note(
            connections == 0
                ? "Connection timed out after \(limit) milliseconds"
                : "Operation timed out after \(limit) milliseconds with \(bodyBytes) bytes received")
        return conclude(CURLE_OPERATION_TIMEDOUT)
    }

    /// Says what libcurl would say in CURLOPT_ERRORBUFFER(3).
    private func note(_ text: String) {
        let bytes = text.utf8.prefix(Int(CURL_ERROR_SIZE) - 1)
        for (index, byte) in bytes.enumerated() { errorText[index] = CChar(bitPattern: byte) }
        errorText[bytes.count] = 0
    }

    /// Completes it; only the first call has an effect.
    func finish(_ result: Result<Outcome, TransportError>) {
        guard !isFinished else { return }
        isFinished = true
        completion(connections == 0 ? result.mapError(\.unsent) : result)
    }

    /// Translates libcurl's result for the caller.
    func conclude(_ code: CURLcode) -> Result<Outcome, TransportError> {
        var isWhole = code == CURLE_OK
        // The headers of a final answer have arrived, not those of an interim one.
        if case .http(let request) = job, request.statusSuffices, headersEnded, status >= 200 {
            isWhole = stopped.map { $0.reason == .body } ?? true
        }
        if let stopped, !isWhole { return .failure(stopped) }
        switch job {
        case .http:
            guard isWhole else { return .failure(failure(code)) }
            // An answer that is not HTTP shows up as HTTP/0.9 or as nothing; neither has a status.
            guard status != 0 else { return .failure(TransportError(.http, "\(origin): no HTTP status")) }
            return .success(
                .http(
                    HTTPResponse(
                        status: status, headers: headers, body: body, timing: timing(),
                        certificateExpiry: certificate?.expiry, certificateLifetime: certificate?.lifetime)))
        case .mail:
            return concludeMail(code)
        // Its success is a connection: the conversation follows.
        case .dialogue: return .failure(failure(code))
        }
    }

    func failure(_ code: CURLcode) -> TransportError {
        var systemError = 0
        if let easy { vw_get_long(easy, CURLINFO_OS_ERRNO, &systemError) }
        var error = CurlFailure.error(
            code, detail: String(cString: errorText), origin: origin, answered: headersEnded, systemError: systemError)
        error.isTaken = isTaken && error.reason == .timeout && !headersEnded
        return error
    }

    func timing() -> HTTPTiming {
        func seconds(_ info: CURLINFO) -> Double {
            var microseconds: curl_off_t = 0
            guard let easy, vw_get_offset(easy, info, &microseconds) == CURLE_OK else { return 0 }
            return Double(microseconds) / 1e6
        }
        // libcurl's times count from the start; ours are the phases between them.
        let resolve = seconds(CURLINFO_NAMELOOKUP_TIME_T)
        let connect = seconds(CURLINFO_CONNECT_TIME_T)
        let tls = seconds(CURLINFO_APPCONNECT_TIME_T)
        let request = seconds(CURLINFO_PRETRANSFER_TIME_T)
        let answer = seconds(CURLINFO_STARTTRANSFER_TIME_T)
        var connects = 0
        if let easy { vw_get_long(easy, CURLINFO_NUM_CONNECTS, &connects) }
        var timing = HTTPTiming()
        timing.reusedConnection = connects == 0
        let lookup = Double(lookupDuration.milliseconds) / 1e3
        timing.total = seconds(CURLINFO_TOTAL_TIME_T)
        if !timing.reusedConnection {
            timing.resolve = resolve + lookup
            // After STARTTLS libcurl 7.88 may note the connection a second time, when it is encrypted. The first time is
            // lost then, and all that it took counts as TLS.
            let isConnectLost = tls > 0 && connect > tls
            timing.connect = isConnectLost ? 0 : max(0, connect - resolve)
            timing.tls = tls > 0 ? max(0, tls - (isConnectLost ? resolve : connect)) : 0
        }
        timing.processing = max(0, answer - request)
        timing.transfer = max(0, timing.total - max(answer, request))
        timing.total += lookup
        return timing
    }
}
