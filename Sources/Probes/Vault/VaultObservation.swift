import Platform
import Samples
import Text
import Transport

/// The outcome of one request.
typealias Exchange = Result<HTTPResponse, TransportError>

/// One node at one time, from the responses of three endpoints.
struct VaultObservation: Sendable {
    var state: VaultNodeState
    /// The HTTP status of sys/health; nil without a response.
    var status: Int?
    /// Why there is no response, or none that could be read.
    var failure: ProbeFailure?
    var health: HealthAnswer?
    var seal: SealAnswer?
    var leader: LeaderAnswer?
    var isInconsistent = false
    /// The node's clock minus this machine's, in seconds.
    var clockSkew: Double?
    var certificateExpiry: Timestamp?
    /// When the requests were sent.
    var moment: Moment

    /// - Parameters:
    ///   - health: `GET /v1/sys/health` without parameters.
    ///   - asked: when the requests were sent.
    init(health: Exchange, seal: Exchange, leader: Exchange, asked: Moment) {
        moment = asked
        switch health {
        case .failure(let error):
            state = .unreachable
            failure = ProbeFailure(error.reason.rawValue, error.message)
        case .success(let response):
            status = response.status
            state = VaultNodeState(status: response.status)
            certificateExpiry = response.certificateExpiry
            self.health = decodeJSON(HealthAnswer.self, response.body).flatMap { $0.isRecognisable ? $0 : nil }
            judge(response)
            if let time = self.health?.serverTimeUTC {
                // The node's time is in whole seconds, rounded down: half a second too low on average.
                let middle = asked.wall.seconds + response.timing.total / 2
                clockSkew = Double(time) + 0.5 - middle
            }
        }
        if case .success(let response) = seal, response.status == 200 {
            self.seal = decodeJSON(SealAnswer.self, response.body)
        }
        if case .success(let response) = leader, response.status == 200 {
            self.leader = decodeJSON(LeaderAnswer.self, response.body)
        }
        if let one = self.health?.sealed, let other = self.seal?.sealed, one != other { isInconsistent = true }
    }

    /// Checks the status against the body: a proxy may answer 503 or 429 itself, or add `standbyok` to the request.
    private mutating func judge(_ response: HTTPResponse) {
        if (300..<400).contains(response.status) {
            state = .degraded
            failure = ProbeFailure(
                "redirect", "sys/health redirects (\(response.status)): does the URL point at a proxy?")
            return
        }
        guard let health else {
            // Of all known states only the storage error comes without a health body.
            if state == .storageError, decodeJSON(ErrorAnswer.self, response.body) != nil { return }
            if state == .degraded {
                failure = ProbeFailure("http", "sys/health answered with the unknown status \(response.status)")
            } else {
                state = .degraded
                failure = ProbeFailure("body", "sys/health answered \(response.status) with a body that is not Vault's")
            }
            return
        }
        let reported: VaultNodeState
        if health.initialized == false {
            reported = .uninitialized
        } else if health.sealed == true {
            reported = .sealed
        } else if health.performanceStandby == true {
            reported = .performanceStandby
        } else if health.standby == true {
            reported = .standby
        } else {
            reported = .active
        }
        switch state {
        case .active, .standby, .performanceStandby, .sealed, .uninitialized:
            if reported != state {
                isInconsistent = true
                state = reported
            }
        case .drSecondary:
            // The body of a disaster recovery secondary says neither standby nor active.
            isInconsistent = reported == .sealed || reported == .uninitialized
        case .cutOff: isInconsistent = reported == .active
        case .storageError, .removed, .degraded, .unreachable: break
        }
    }

    /// From sys/health, else from sys/seal-status; nil when neither says so.
    var isSealed: Bool? { health?.sealed ?? seal?.sealed }
    var isInitialized: Bool? { health?.initialized ?? seal?.initialized }
    var version: String? { health?.version ?? seal?.version }
    var clusterID: String? { health?.clusterID ?? seal?.clusterID }
    var clusterName: String? { health?.clusterName ?? seal?.clusterName }
}

/// Vault's `{"errors":[…]}`.
struct ErrorAnswer: Decodable, Sendable {
    var errors: [String]
}
