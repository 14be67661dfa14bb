import Web

/// The result of `check config`, as its JSON shows it.
struct CheckReport: Encodable {
    /// A receiver's integration, asked without sending a message.
    struct Endpoint: Encodable {
        var receiver: String
        var integration: String
        var endpoint: String
        var answer: String
        var reachable: Bool
    }

    var file: String
    var isValid = true
    /// `file:line:column: message`
    var errors: [String] = []
    var warnings: [String] = []
    /// How many there are of each, by the noun.
    var found: [String: Int] = [:]
    /// The targets' answers; nil without --live.
    var status: EstateStatus?
    /// The receivers' answers; nil without --live.
    var receivers: [Endpoint]?
    /// What did not answer, in the order in which to mend it.
    var missing: [String] = []

    private enum CodingKeys: String, CodingKey {
        case file, isValid = "valid", errors, warnings, found, status, receivers, missing
    }

    init(file: String) { self.file = file }

    /// Adds what the targets and receivers answered.
    mutating func add(_ status: EstateStatus, _ endpoints: [EndpointCheck.Result]) {
        self.status = status
        receivers = endpoints.map {
            Endpoint(
                receiver: $0.receiver, integration: $0.integration, endpoint: $0.endpoint, answer: $0.answer,
                reachable: $0.isReachable)
        }
        missing =
            status.sections.flatMap { section in
                section.targets.compactMap { target in
                    target.lastError.map { "\(section.title), \(target.name): \($0)" }
                }
            }
            + endpoints.filter { !$0.isReachable }.map { "receiver \($0.receiver), \($0.integration): \($0.answer)" }
    }

    /// Whether nothing is wrong with the file, and everything that was asked answered without being critical.
    var isGood: Bool {
        let isUp = status.map { $0.health != .critical && $0.health != .unknown } ?? true
        return errors.isEmpty && isUp && (receivers ?? []).allSatisfy(\.reachable)
    }
}
