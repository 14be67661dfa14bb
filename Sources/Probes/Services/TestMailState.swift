import Platform
import Samples
import Text

/// When a test mail is sent, and what has become of it. Pure: it takes the time and returns the decision.
struct TestMailState: Sendable {
    /// What to do now.
    enum Action: Sendable, Hashable {
        case nothing
        case send
        /// Ask the hook for the mail with this token.
        case ask(token: String)
    }

    private struct Waiting: Sendable {
        var token: String
        var sent: Moment
        /// The hook has said that it is not there yet: it looks where the mail should be.
        var isLookedFor = false
    }

    private let interval: Duration
    private let limit: Duration
    private var waiting: Waiting?
    private var nextMail: Instant
    /// Whether the last mail whose fate is known came back in time; nil before the first.
    private(set) var hasReturned: Bool?
    private(set) var sent = 0
    private(set) var lost = 0
    private(set) var lastReturn: (at: Timestamp, after: Duration)?
    /// Whether the hook gave an answer when it was last asked; nil before.
    var hookAnswers: Bool?

    /// - Parameter start: the first mail follows after one turn, so that a program that restarts all the time does not
    ///   send a mail each time.
    init(_ options: TestMailOptions, start: Instant) {
        interval = options.interval
        limit = options.limit
        nextMail = start + options.hookInterval
    }

    /// Since when a mail is waited for; nil if none is.
    var waitingSince: Timestamp? { waiting?.sent.wall }

    mutating func action(_ now: Instant) -> Action {
        if let waiting {
            guard now - waiting.sent.monotonic > limit else { return .ask(token: waiting.token) }
            self.waiting = nil
            if waiting.isLookedFor {
                hasReturned = false
                lost = lost.addingSaturated(1)
                // While mails are lost, the next follows at once: its return is what ends the alert.
                nextMail = now
            } else {
                // A hook that never answered says nothing about the mail.
                hasReturned = nil
            }
        }
        return now >= nextMail ? .send : .nothing
    }

    /// The server has accepted a mail.
    mutating func accepted(token: String, at now: Moment) {
        sent = sent.addingSaturated(1)
        waiting = Waiting(token: token, sent: now)
        nextMail = now.monotonic + interval
    }

    /// The server has not accepted it: it is tried again at the next turn.
    mutating func refused() { hasReturned = false }

    /// The hook has not found the mail yet.
    mutating func awaited(token: String) { if waiting?.token == token { waiting?.isLookedFor = true } }

    /// The hook has found the mail.
    mutating func returned(token: String, at now: Moment) {
        guard let waiting, waiting.token == token else { return }
        lastReturn = (now.wall, now.monotonic - waiting.sent.monotonic)
        hasReturned = true
        self.waiting = nil
    }
}
