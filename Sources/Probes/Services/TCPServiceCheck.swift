import Text
import Transport

/// Connects to a port, with TLS or not, and holds a conversation.
struct TCPServiceCheck: ServiceCheck {
    let options: TCPServiceOptions
    let timeout: Duration
    let client: any DialogueClient
    /// The steps with their expressions compiled.
    private let steps: [DialogueRequest.Step]

    init(options: TCPServiceOptions, timeout: Duration, client: any DialogueClient) {
        self.options = options
        self.timeout = timeout
        self.client = client
        steps = options.steps.map { step in
            switch step {
            case .send(let text): return .send(Array(text.utf8))
            case .expect(let pattern):
                // The configuration has been refused if RE2 does not accept it; then nothing is expected.
                let expression = try? RegularExpression(pattern, memoryBytes: TCPServiceOptions.patternBytes)
                return expression.map { .expect($0) } ?? .send([])
            }
        }
    }

    func look() async -> ServiceFinding {
        var request = DialogueRequest(host: options.host, port: options.port)
        request.usesTLS = options.usesTLS
        request.tls = options.tls
        request.steps = steps
        request.timeout = timeout
        do throws(TransportError) {
            let reply = try await client.converse(request)
            var finding = ServiceFinding(timing: reply.timing)
            finding.certificateExpiry = reply.certificateExpiry
            finding.certificateLifetime = reply.certificateLifetime
            let last = reply.lastLine.withoutControls()
            finding.detail = last.isEmpty ? "accepts connections" : last.truncated(toBytes: 80)
            if let unmet = reply.unmet { finding.failure = failure(unmet, last) }
            return finding
        } catch {
            return ServiceFinding(error)
        }
    }

    private func failure(_ unmet: DialogueReply.Unmet, _ last: String) -> ProbeFailure {
        let cause =
            switch unmet.cause {
            case .closed: "the server closed the connection"
            case .timeout: "nothing more came"
            case .tooLong: "the server sends more than can be read"
            }
        let step = options.steps.indices.contains(unmet.step) ? options.steps[unmet.step] : nil
        let what =
            switch step {
            case .expect(let pattern): "no line with \(pattern.quotedAsInGo)"
            case .send, nil: "step \(unmet.step + 1) could not be sent"
            }
        let seen = last.isEmpty ? "" : "; the last line is \(last.truncated(toBytes: 80).quotedAsInGo)"
        return ProbeFailure("text", "\(what): \(cause)\(seen)")
    }
}
