import Foundation
import Platform
import Samples
import Testing
import Text
import Transport

@testable import Probes

/// What is asked of the agent's token, and when.
struct VaultTokenStateTests {
    private static let turn = Duration.seconds(5)

    private func answer(_ fields: String) throws -> TokenAnswer {
        try JSONDecoder().decode(TokenAnswer.self, from: Data("{\(fields)}".utf8))
    }

    private func grant(_ fields: String) throws -> GrantAnswer {
        try JSONDecoder().decode(GrantAnswer.self, from: Data("{\(fields)}".utf8))
    }

    /// A token from a file that was looked up at 0.
    private func file(_ fields: String) throws -> VaultTokenState {
        var state = VaultTokenState()
        state.read(Secret(value: "s.file"), at: moment(0).monotonic)
        #expect(state.next(at: moment(0).monotonic, interval: Self.turn) == .lookup)
        state.lookedUp(try answer(fields), at: moment(0))
        return state
    }

    private func own(_ fields: String) throws -> VaultTokenState {
        var state = VaultTokenState()
        state.loggedIn(try grant(fields), Secret(value: "s.own"), at: moment(0))
        return state
    }

    /// What is asked from one second to another, without the questions that have nothing to do with the token's life.
    private func due(_ state: VaultTokenState, at seconds: Double) -> VaultTokenState.Question? {
        var state = state
        let now = moment(seconds).monotonic
        while let question = state.next(at: now, interval: Self.turn) {
            switch question {
            case .secretID: state.learned(nil, at: now)
            case .longestLife: state.learned(longestLife: nil, at: now)
            case .auditDevices: state.learned(auditDevices: nil, isDenied: true, at: now)
            default: return question
            }
        }
        return nil
    }

    @Test func aPeriodicTokenIsRenewedAtHalfAndHasNoEnd() throws {
        var state = try file(
            #""type":"service","renewable":true,"period":3600,"ttl":3600,"creation_ttl":3600,"creation_time":1795467000"#
        )
        #expect(due(state, at: 1700) == nil)
        #expect(due(state, at: 1800) == .renew)
        #expect(state.end == nil)
        state.renewed(try grant(#""lease_duration":3600,"renewable":true"#), isCut: false, at: moment(1800))
        #expect(due(state, at: 3000) == nil)
        #expect(due(state, at: 3600) == .renew)
        #expect(state.renewals == 1 && state.valid == true)
    }

    /// The turns are five seconds apart: half of the life would come between two of them, and then be too late.
    @Test func aTokenOfTenSecondsIsRenewedInTime() throws {
        let state = try own(#""client_token":"s.own","lease_duration":10,"renewable":true"#)
        var looked = state
        looked.lookedUp(try answer(#""renewable":true,"ttl":10,"creation_ttl":10"#), at: moment(0))
        #expect(due(looked, at: 1) == nil)
        #expect(due(looked, at: 4.9) == .renew)
    }

    @Test func aCutRenewalFixesTheEnd() throws {
        var state = try file(#""renewable":true,"ttl":86400,"creation_ttl":86400,"creation_time":1795467000"#)
        #expect(state.end == nil)
        state.renewed(try grant(#""lease_duration":7200,"renewable":true"#), isCut: true, at: moment(43_200))
        #expect(state.end == moment(50_400).wall)
        #expect(due(state, at: 50_000) == nil, "it is not renewed again")
    }

    @Test func theMountsLongestLifeIsAnEnd() throws {
        var state = try file(#""renewable":true,"ttl":86400,"creation_ttl":86400,"creation_time":1795467000"#)
        #expect(state.next(at: moment(1).monotonic, interval: Self.turn) == .longestLife)
        state.learned(longestLife: 2_764_800, at: moment(1).monotonic)
        #expect(state.end == Timestamp(seconds: 1_795_467_000 + 2_764_800))
        #expect(state.life == .seconds(2_764_800))
    }

    @Test(arguments: [
        #""type":"batch","accessor":"","renewable":false,"ttl":3600,"creation_ttl":3600,"creation_time":1795467000"#,
        #""type":"service","renewable":false,"ttl":3600,"creation_ttl":3600,"creation_time":1795467000"#,
    ])
    func whatCannotBeRenewedEnds(_ fields: String) throws {
        let state = try file(fields)
        #expect(state.end == moment(3600).wall)
        #expect(due(state, at: 3500) == nil)
    }

    @Test func aRootTokenIsLeftAlone() throws {
        let state = try file(#""type":"service","ttl":0,"creation_ttl":0,"creation_time":1795467000"#)
        #expect(state.end == nil && state.token?.expiry == nil)
        #expect(due(state, at: 1e8) == nil)
    }

    /// A renewal that the policy does not allow is not tried again, and the end is the token's own.
    @Test func aRenewalThatIsNotAllowedEndsTheToken() throws {
        var state = try file(#""renewable":true,"ttl":3600,"creation_ttl":3600,"creation_time":1795467000"#)
        state.renewalFailed("denied", isFinal: true, at: moment(1800).monotonic)
        #expect(due(state, at: 3000) == nil)
        #expect(state.end == moment(3600).wall)
    }

    @Test func aRenewalWithoutAnswerIsTriedAgainLater() throws {
        var state = try file(#""renewable":true,"ttl":3600,"creation_ttl":3600,"creation_time":1795467000"#)
        state.renewalFailed("timeout", isFinal: false, at: moment(1800).monotonic)
        #expect(due(state, at: 1850) == nil)
        #expect(due(state, at: 1861) == .renew)
        #expect(state.renewalFailures == ["timeout": 1])
    }

    /// At its maximum a token of a login is replaced, and then revoked; a token from a file never is.
    @Test func theReplacedTokenIsRevoked() throws {
        var state = try own(#""client_token":"s.own","lease_duration":1200,"renewable":true,"token_type":"service""#)
        state.lookedUp(try answer(#""type":"service","renewable":true,"ttl":1200,"creation_ttl":1200"#), at: moment(0))
        state.renewed(try grant(#""lease_duration":300,"renewable":true"#), isCut: true, at: moment(600))
        #expect(due(state, at: 700) == nil)
        #expect(due(state, at: 790) == .login)
        state.loggedIn(
            try grant(#""lease_duration":1200,"renewable":true"#), Secret(value: "s.next"), at: moment(790))
        #expect(due(state, at: 790) == .lookup, "a read may be under way with the old one")
        #expect(due(state, at: 820) == .revoke(Secret(value: "s.own")))
        state.revoked(Secret(value: "s.own"))
        #expect(due(state, at: 820) == .lookup)

        var read = try file(#""renewable":false,"ttl":3600,"creation_ttl":3600"#)
        read.read(Secret(value: "s.other"), at: moment(10).monotonic)
        #expect(due(read, at: 10) == .lookup)
    }

    @Test func batchTokensAreNotRevoked() throws {
        var state = try own(#""client_token":"b.own","lease_duration":1200,"renewable":false,"token_type":"batch""#)
        state.loggedIn(try grant(#""lease_duration":1200"#), Secret(value: "b.next"), at: moment(1100))
        #expect(due(state, at: 1100) == .lookup)
    }

    /// A monitor that logs in every few seconds fills the token store.
    @Test func tokensThatAreRefusedAtOnceDoNotCauseAStormOfLogins() throws {
        var state = VaultTokenState()
        var now = 0.0
        for number in 0..<200 {
            if let from = state.loginFrom { now = max(now, Double((from - moment(0).monotonic).nanoseconds) / 1e9) }
            state.loggedIn(try grant(#""lease_duration":3600"#), Secret(value: "s.\(number)"), at: moment(now))
            now += 1
            state.refused(at: moment(now).monotonic)
        }
        #expect(now > 190 * 55, "about one a minute in the end: \(now)")
    }

    /// Two requests of different kind without an answer: an audit device, not one mount.
    @Test func onlyASecondSilenceMeansThatAuditBlocks() throws {
        var state = try file(#""renewable":false,"ttl":3600,"creation_ttl":3600"#)
        state.answered()
        state.unanswered()
        #expect(state.isAuditBlocked == false)
        #expect(due(state, at: 100) == .lookup)
        state.lookupFailed(isSilent: true, isTaken: true, at: moment(104).monotonic)
        #expect(state.isAuditBlocked == true)
        #expect(due(state, at: 105) == nil && due(state, at: 120) == .lookup)
        state.answered()
        #expect(state.isAuditBlocked == false)
    }

    /// What the network may have lost is asked once more, at the next read that gets no answer.
    @Test func aLostLookupIsNoBlock() throws {
        var state = try file(#""renewable":false,"ttl":3600,"creation_ttl":3600"#)
        state.answered()
        state.unanswered()
        state.lookupFailed(isSilent: true, isTaken: false, at: moment(104).monotonic)
        #expect(state.isAuditBlocked == false && due(state, at: 105) == nil)
        state.unanswered()
        #expect(due(state, at: 105) == .lookup)
        state.lookupFailed(isSilent: true, isTaken: false, at: moment(109).monotonic)
        #expect(state.isAuditBlocked == true)
    }

    @Test func aFailedLoginSaysNothingOfTheTokenUnlessItIsRefused() {
        var state = VaultTokenState()
        state.loginFailed(ProbeFailure("blocked", "silent"), at: moment(0).monotonic)
        #expect(state.valid == nil && state.trouble == nil)
        state.loginFailed(ProbeFailure("denied", "invalid secret id"), at: moment(2).monotonic)
        #expect(state.valid == false && state.trouble == .login)
    }

    @Test func a403IsAboutTheTokenOrItsPolicies() {
        #expect(json(403, #"{"errors":["permission denied"]}"#).refusal == .unclear)
        #expect(json(403, #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#).refusal == .policy)
        #expect(
            json(403, #"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#).refusal
                == .token)
        #expect(json(403, "<html>").refusal == .unclear)
    }

    @Test(arguments: ["9223372036854775807", "-1", "1e300", "\"x\"", "null"])
    func extremeLivesAreNoLives(_ number: String) throws {
        let state = try file(
            #""renewable":true,"ttl":\#(number),"creation_ttl":\#(number),"period":\#(number),"explicit_max_ttl":\#(number),"creation_time":\#(number),"num_uses":\#(number)"#
        )
        #expect(state.token?.expiry == nil && state.end == nil)
        #expect(due(state, at: 10) == nil)
    }
}
