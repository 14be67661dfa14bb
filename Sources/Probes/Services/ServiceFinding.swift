import Samples
import Transport

/// What one probe of a service has found.
struct ServiceFinding: Sendable {
    /// A sample beside those of every service.
    struct Fact: Sendable {
        var name: String
        var value: Double
        var labels: [Label] = []
    }

    /// Whether it answered in its protocol.
    var isUp: Bool
    /// Why it is down, or what of the answer is not as expected.
    var failure: ProbeFailure?
    /// What is worth reading of an answer, in a few words.
    var detail = ""
    /// Each a sentence.
    var warnings: [String] = []
    /// Nil if it did not answer.
    var timing: HTTPTiming?
    var certificateExpiry: Timestamp?
    var certificateLifetime: Duration?
    var facts: [Fact] = []

    /// It answered.
    init(timing: HTTPTiming) {
        isUp = true
        self.timing = timing
    }

    /// It did not answer; a refused login is an answer.
    init(_ error: TransportError) {
        isUp = error.reason == .auth
        failure = ProbeFailure(error.isTaken ? "hung" : error.reason.rawValue, error.message)
    }

    init(down failure: ProbeFailure) {
        isUp = false
        self.failure = failure
    }
}

/// Probes a service of one kind.
protocol ServiceCheck: Sendable {
    /// Asks once.
    func look() async -> ServiceFinding
}

/// Hosts with ports in texts.
enum HostAndPort {
    /// `smtp.example.org:587`, `[::1]:587`
    static func text(_ host: String, _ port: Int) -> String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }
}
