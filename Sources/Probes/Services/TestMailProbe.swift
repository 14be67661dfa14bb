import Platform
import Samples
import Synchronization
import Text
import Transport

/// Sends a test mail from time to time, and asks a hook whether it has come back.
final class TestMailProbe: RunnableProbe {
    let target: ProbeTarget
    private let service: String
    private let server: SMTPServerOptions
    private let options: TestMailOptions
    private let mail: any MailSender
    private let hook: TestMailHook
    private let platform: Platform
    private let state: Mutex<TestMailState>
    /// Limit for handing a mail over.
    private let mailTimeout: Duration

    init(
        service: String, server: SMTPServerOptions, options: TestMailOptions, mailTimeout: Duration,
        mail: any MailSender, hook: TestMailHook, platform: Platform
    ) {
        target = ProbeTarget(.serviceMail, service)
        self.service = service
        self.server = server
        self.options = options
        self.mail = mail
        self.hook = hook
        self.platform = platform
        self.mailTimeout = mailTimeout
        state = Mutex(TestMailState(options, start: platform.time.monotonic()))
    }

    var interval: Duration { options.hookInterval }
    var timeout: Duration { max(options.hookTimeout + .seconds(3), mailTimeout + .seconds(1)) }

    func timedOut() -> ProbeReport {
        report(ProbeFailure("timeout", "no answer within \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        switch state.withLock({ $0.action(platform.time.monotonic()) }) {
        case .nothing: return report(nil)
        case .send: return report(await send())
        case .ask(let token):
            do throws(ServiceRequestError) {
                let hasReturned = try await hook.hasReturned(token)
                let now = platform.time.now()
                state.withLock { state in
                    state.hookAnswers = true
                    if hasReturned { state.returned(token: token, at: now) } else { state.awaited(token: token) }
                }
                return report(nil)
            } catch {
                state.withLock { $0.hookAnswers = false }
                return report(error.failure)
            }
        }
    }

    /// - Returns: why the mail was not accepted; nil if it was.
    private func send() async -> ProbeFailure? {
        let token = "vaultwatch-" + platform.random.uuid()
        let now = platform.time.wall()
        var request = server.request(
            from: options.from, to: options.to, message: TestMailProbe.message(options, token, at: now))
        request.timeout = mailTimeout
        let failure: ProbeFailure
        do throws(TransportError) {
            let reply = try await mail.send(request)
            if (200..<300).contains(reply.code) {
                let sent = platform.time.now()
                state.withLock { $0.accepted(token: token, at: sent) }
                return nil
            }
            failure = ProbeFailure("status", "the mail server answers \(reply.code) to the test mail")
        } catch {
            failure = ProbeFailure(error.reason.rawValue, error.message)
        }
        state.withLock { $0.refused() }
        return failure
    }

    /// The mail: RFC 5322, with RFC 3834's mark for what no vacation notice should answer.
    static func message(_ options: TestMailOptions, _ token: String, at now: Timestamp) -> [UInt8] {
        let domain = options.from.split(separator: "@").last.map(String.init) ?? "localhost"
        let lines = [
            "From: <\(options.from)>", "To: <\(options.to)>", "Subject: vaultwatch test mail \(token)",
            "Date: \(now.mailDate)", "Message-ID: <\(token)@\(domain)>", "Auto-Submitted: auto-generated",
            "X-Vaultwatch-Token: \(token)", "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii", "",
            "vaultwatch sends this mail to see whether mail is delivered. It can be deleted.", "", "Token: \(token)",
            "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private func report(_ failure: ProbeFailure?) -> ProbeReport {
        let state = state.withLock { $0 }
        var set = SampleSet(["service": service], at: platform.time.wall())
        set.add("service_mail_returned", state.hasReturned)
        set.add("service_mail_hook_up", state.hookAnswers)
        set.add("service_mail_sent_total", state.sent)
        set.add("service_mail_lost_total", state.lost)
        if let last = state.lastReturn {
            set.add("service_mail_last_return_timestamp_seconds", last.at)
            set.add("service_mail_last_return_duration_seconds", last.after.seconds)
        }
        return ProbeReport(samples: set.samples, failure: failure, status: status(state, failure))
    }

    private func status(_ state: TestMailState, _ failure: ProbeFailure?) -> TargetStatus {
        let last = state.lastReturn.map { "last back \($0.at.rfc3339), after \(Words.duration($0.after))" } ?? ""
        var warnings: [String] = []
        if let failure { warnings.append(failure.description) }
        if state.hasReturned == false {
            return TargetStatus(
                .critical, "lost", detail: last.isEmpty ? "none has come back" : last, warnings: warnings)
        }
        let word = state.hasReturned == nil ? "not known" : "comes back"
        let waiting = state.waitingSince.map { "waited for since \($0.rfc3339)" }
        return TargetStatus(
            failure == nil ? .ok : .warning, word,
            detail: [last, waiting ?? ""].filter { !$0.isEmpty }.joined(separator: ", "), warnings: warnings)
    }
}
