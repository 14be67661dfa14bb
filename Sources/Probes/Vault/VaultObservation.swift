import Platform
import Samples
import Transport

/// An exchange with one endpoint as it came out.
typealias Exchange = Result<HTTPResponse, TransportError>

/// One node at one time: three answers, read together.
struct VaultObservation: Sendable {
    var state: VaultNodeState
    /// sys/health's; nil when there was no answer.
    var status: Int?
    /// Why there is no answer, or none that could be read.
    var failure: ProbeFailure?
    var health: HealthAnswer?
    var seal: SealAnswer?
    var leader: LeaderAnswer?
    var isInconsistent = false
    /// The node's clock minus ours, seconds.
    var clockSkew: Double?
    var certificateExpiry: Timestamp?
    /// When the questions were asked.
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
                // The answer has whole seconds: on average half a second has passed since.
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

    /// Holds the status against the body: a proxy can answer 503 or 429 in Vault's place, or ask with `standbyok`.
    private mutating func judge(_ response: HTTPResponse) {
        if (300..<400).contains(response.status) {
            state = .degraded
            failure = ProbeFailure("redirect", "sys/health redirects (\(response.status)): is this a proxy's address?")
            return
        }
        guard let health else {
            // Of all known states only the storage error has no health body.
            if state == .storageError, decodeJSON(ErrorAnswer.self, response.body) != nil { return }
            if state == .degraded {
                failure = ProbeFailure("http", "sys/health answered with the unknown status \(response.status)")
            } else {
                state = .degraded
                failure = ProbeFailure("body", "sys/health answered \(response.status) with a body that is not Vault's")
            }
            return
        }
        let told: VaultNodeState
        if health.initialized == false {
            told = .uninitialized
        } else if health.sealed == true {
            told = .sealed
        } else if health.performanceStandby == true {
            told = .performanceStandby
        } else if health.standby == true {
            told = .standby
        } else {
            told = .active
        }
        switch state {
        case .active, .standby, .performanceStandby, .sealed, .uninitialized:
            if told != state {
                isInconsistent = true
                state = told
            }
        case .drSecondary:
            // A disaster recovery secondary calls itself neither standby nor active.
            isInconsistent = told == .sealed || told == .uninitialized
        case .cutOff: isInconsistent = told == .active
        case .storageError, .removed, .degraded, .unreachable: break
        }
    }

    /// From the answers that say it, the health answer first.
    var isSealed: Bool? { health?.sealed ?? seal?.sealed }
    var isInitialized: Bool? { health?.initialized ?? seal?.initialized }
    var version: String? { health?.version ?? seal?.version }
    var clusterID: String? { health?.clusterID ?? seal?.clusterID }
    var clusterName: String? { health?.clusterName ?? seal?.clusterName }
}

/// Vault's `{"errors":[…]}`; the texts are Vault's own and hold no secret of ours.
struct ErrorAnswer: Decodable, Sendable {
    var errors: [String]
}
