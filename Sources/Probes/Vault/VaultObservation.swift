import Platform
import Samples
import Text
import Transport

/// The outcome of one request.
typealias Exchange = Result<HTTPResponse, TransportError>

extension Exchange {
    /// What was answered with 200; nil without such an answer, or with a body that is not Vault's.
    func answer<Answer: Decodable>(_ type: Answer.Type) -> Answer? {
        guard case .success(let response) = self, response.status == 200 else { return nil }
        return decodeJSON(type, response.body)
    }
}

/// One node at one time, from the responses of three endpoints.
struct VaultObservation: Sendable {
    var state: VaultNodeState
    /// The HTTP status of sys/health; nil without a response.
    var status: Int?
    /// Why there is no response, or none that could be parsed.
    var failure: ProbeFailure?
    var health: HealthAnswer?
    var seal: SealAnswer?
    var leader: LeaderAnswer?
    var isInconsistent = false
    /// The node's clock minus this machine's, in seconds.
    var clockSkew: Double?
    var certificateExpiry: Timestamp?
    var certificateLifetime: Duration?
    /// When the requests were sent.
    var moment: Moment

    /// - Parameters:
    ///   - health: `GET /v1/sys/health` without parameters.
    ///   - asked: when the request was sent.
    ///   - decode: decodes the body.
    init(
        health: Exchange, asked: Moment,
        decode: ([UInt8]) -> HealthAnswer? = { decodeJSON(HealthAnswer.self, $0) }
    ) {
        moment = asked
        switch health {
        case .failure(let error):
            state = .unreachable
            failure = ProbeFailure(error.isTaken ? "hung" : error.reason.rawValue, error.message)
        case .success(let response):
            status = response.status
            state = VaultNodeState(status: response.status)
            certificateExpiry = response.certificateExpiry
            certificateLifetime = response.certificateLifetime
            self.health = decode(response.body).flatMap { $0.isRecognisable ? $0 : nil }
            judge(response)
            if let time = self.health?.serverTimeUTC {
                // The node's time is in whole seconds, rounded down: half a second too low on average.
                let middle = asked.wall.seconds + response.timing.total / 2
                clockSkew = Double(time) + 0.5 - middle
            }
        }
    }

    /// Adds what the other endpoints say.
    mutating func add(seal: SealAnswer?, leader: LeaderAnswer?) {
        self.seal = seal
        self.leader = leader
        if let one = self.health?.sealed, let other = self.seal?.sealed, one != other { isInconsistent = true }
        // A removed node seals itself: 530 turns into 503, but the removal is what matters.
        if self.seal?.removedFromCluster == true, state == .sealed { state = .removed }
    }

    /// Checks the status against the body: a proxy may itself answer 503 or 429, or add `standbyok` to the request.
    private mutating func judge(_ response: HTTPResponse) {
        if (300..<400).contains(response.status) {
            state = .degraded
            failure = ProbeFailure(
                "redirect", "sys/health redirects (\(response.status)): does the URL point at a proxy?")
            return
        }
        guard let health else {
            // Of all known states only the storage error has no health body.
            if state == .storageError, decodeJSON(ErrorAnswer.self, response.body) != nil { return }
            if response.status == 404 {
                failure = ProbeFailure(
                    "http", "sys/health does not exist (404): is the URL a metrics-only listener (metrics_only)?")
            } else if state == .degraded {
                failure = ProbeFailure("http", "sys/health answered with the unknown status \(response.status)")
            } else {
                state = .degraded
                failure = ProbeFailure("body", "sys/health answered \(response.status) with a body that is not Vault's")
            }
            return
        }
        let reported: VaultNodeState
        if health.removedFromCluster == true {
            reported = .removed
        } else if health.initialized == false {
            reported = .uninitialized
        } else if health.sealed == true {
            reported = .sealed
        } else if health.replicationDRMode == "secondary" {
            reported = .drSecondary
        } else if health.performanceStandby == true {
            reported = .performanceStandby
        } else if health.standby == true {
            reported = .standby
        } else {
            reported = .active
        }
        switch state {
        case .active, .standby, .performanceStandby, .sealed, .uninitialized:
            guard reported != state else { break }
            // Standbys of a secondary answered as standbys in early versions, and a removed node seals itself.
            isInconsistent =
                !(reported == .drSecondary && state.isReadyStandby || reported == .removed && state == .sealed)
            state = reported
        case .drSecondary:
            // Whether the node is the secondary's active one is irrelevant outside.
            isInconsistent = reported == .sealed || reported == .uninitialized
        case .cutOff: isInconsistent = reported == .active
        case .storageError, .removed, .degraded, .unreachable: break
        }
    }

    /// From sys/health, otherwise from sys/seal-status; nil if unknown.
    var isSealed: Bool? { health?.sealed ?? seal?.sealed }
    var isInitialized: Bool? { health?.initialized ?? seal?.initialized }
    var version: String? { health?.version ?? seal?.version }
    var clusterID: String? { health?.clusterID ?? seal?.clusterID }
    var clusterName: String? { health?.clusterName ?? seal?.clusterName }

    /// Whether the answer is Vault's own, and not that of a proxy in front of it.
    var isVaults: Bool { state != .unreachable && failure?.reason != "body" && failure?.reason != "http" }

    /// Whether the node can take over from the active one. A standby that cannot reach the active node can still
    /// compete for the lock of any storage except the integrated one, whose log is replicated over that connection.
    /// - Parameter storage: the storage type that other nodes report; used if this one did not.
    func canTakeOver(storage: String?) -> Bool {
        if state.isReadyStandby { return true }
        guard state == .cutOff, let type = seal?.storageType ?? storage else { return false }
        return type != "raft"
    }

    /// Whether a missing leader address is meaningless: the listener hides addresses, or the node reports that it is
    /// connected to the active one.
    var hidesLeader: Bool {
        guard let leader, leader.leaderAddress == nil else { return false }
        return leader.isSelf == true || state == .active || health?.hidesVersion == true
            || health?.haConnectionHealthy == true
    }

    /// Whether the health answer lacks a field that Vault always has and OpenBao has removed.
    var isOpenBao: Bool { health.map { $0.performanceStandby == nil } ?? false }

    /// Whether the node is of the Enterprise edition, as far as it reports that.
    var isEnterprise: Bool {
        guard let health else { return false }
        return health.enterprise == true || health.licenseExpiry != nil || health.version?.contains("+ent") == true
            || [health.replicationDRMode, health.replicationPerformanceMode].contains { $0 != nil && $0 != "disabled" }
    }
}

/// Vault's `{"errors":[…]}`.
struct ErrorAnswer: Decodable, Sendable {
    var errors: [String]
}
