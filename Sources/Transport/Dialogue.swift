package import Samples
package import Text

/// A conversation with a server over TCP or TLS: lines that are expected, and bytes that are sent.
package struct DialogueRequest: Sendable {
    /// One step, taken after the one before it.
    package enum Step: Sendable {
        case send([UInt8])
        /// Waits for a line in which the expression is found; other lines before it are ignored. The last line counts
        /// before it has ended, since a prompt is a line too; one that comes in hundreds of pieces is not found.
        case expect(RegularExpression)
    }

    /// A name, or an IPv4 or IPv6 address without brackets.
    package var host: String
    /// The TCP port.
    package var port: Int
    /// Whether the conversation is over TLS, from its first byte. Default false.
    package var usesTLS = false
    /// For TLS.
    package var tls = TLSOptions()
    /// Default: none, so that a connection suffices.
    package var steps: [Step] = []
    /// For everything from name lookup to the last step. Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// A connection, with every option at its default.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `tls://ldap.example.org:636`
    var origin: String { "\(usesTLS ? "tls" : "tcp")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// A conversation with a server that could be connected to.
package struct DialogueReply: Sendable, Hashable {
    /// A step that could not be taken.
    package struct Unmet: Sendable, Hashable {
        /// Why.
        package enum Cause: String, Sendable, Hashable {
            /// The server closed the connection.
            case closed
            /// The time was over.
            case timeout
            /// The server sent more than `Dialogue.limitBytes`.
            case tooLong = "too long"
        }

        /// Its index among the steps.
        package let step: Int
        /// Why it could not be taken.
        package let cause: Cause

        /// - Parameter step: its index among the steps.
        package init(step: Int, cause: Cause) {
            self.step = step
            self.cause = cause
        }
    }

    /// The first step that was not taken; nil if all were.
    package var unmet: Unmet?
    /// The last line that was received, cut to 200 bytes; it may be anything.
    package var lastLine = ""
    /// `processing` is from the connection to the end of the conversation.
    package var timing = HTTPTiming()
    /// See `HTTPResponse.certificateExpiry`.
    package var certificateExpiry: Timestamp?
    /// See `HTTPResponse.certificateLifetime`.
    package var certificateLifetime: Duration?

    /// A conversation of which every step was taken.
    package init() {}
}

/// Talks with servers over TCP and TLS. `CurlTransport` is the real one; tests script their own.
package protocol DialogueClient: Sendable {
    /// - Throws: `TransportError` if there is no connection: dns, connect, tls, timeout.
    func converse(_ request: DialogueRequest) async throws(TransportError) -> DialogueReply
}

/// The state of a conversation. Pure: it says what to do, and is told what was done.
struct Dialogue {
    enum Need {
        case write([UInt8])
        case read
        case nothing
    }

    /// Bytes that are read in one conversation.
    static let limitBytes = 64 << 10
    private static let lineLimitBytes = 200
    /// How often lines that have not ended are searched. A server that sends byte by byte would have a long line searched
    /// for each, on the thread that all connections share.
    private static let partialLimit = 200

    private let steps: [DialogueRequest.Step]
    private var step = 0
    /// What is left to be written of the current step.
    private var outgoing: [UInt8] = []
    /// The line that has begun.
    private var line: [UInt8] = []
    private var readBytes = 0
    private(set) var partials = 0
    private(set) var lastLine: [UInt8] = []
    private(set) var unmet: DialogueReply.Unmet?

    init(_ steps: [DialogueRequest.Step]) {
        self.steps = steps
        begin()
    }

    /// What it waits for.
    var need: Need {
        guard unmet == nil, step < steps.count else { return .nothing }
        return outgoing.isEmpty ? .read : .write(outgoing)
    }

    /// Some of the bytes to write have been written.
    mutating func wrote(_ count: Int) {
        outgoing.removeFirst(min(count, outgoing.count))
        if outgoing.isEmpty { next() }
    }

    /// Bytes have been read.
    mutating func read(_ bytes: some Sequence<UInt8>) {
        for byte in bytes where unmet == nil {
            readBytes += 1
            guard readBytes <= Dialogue.limitBytes else { return end(.tooLong) }
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            take(isWhole: true)
        }
        take(isWhole: false)
    }

    /// No further step can be taken.
    mutating func end(_ cause: DialogueReply.Unmet.Cause) {
        if unmet == nil, step < steps.count { unmet = DialogueReply.Unmet(step: step, cause: cause) }
    }

    /// Holds the line against the step that expects one.
    private mutating func take(isWhole: Bool) {
        if !line.isEmpty { lastLine = Array(line.prefix(Dialogue.lineLimitBytes)) }
        let isSearched = isWhole || (!line.isEmpty && partials < Dialogue.partialLimit)
        let isMet =
            if isSearched, step < steps.count, case .expect(let expression) = steps[step] {
                expression.isFound(in: String(decoding: line, as: UTF8.self))
            } else {
                false
            }
        if isSearched, !isWhole { partials += 1 }
        // A line meets one step at most.
        if isMet || isWhole { line = [] }
        if isMet { next() }
    }

    private mutating func next() {
        step += 1
        begin()
    }

    private mutating func begin() {
        if step < steps.count, case .send(let bytes) = steps[step] {
            outgoing = bytes
            if bytes.isEmpty { next() }
        }
    }
}
