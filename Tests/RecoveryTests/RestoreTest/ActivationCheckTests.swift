import Testing

@testable import Recovery

/// Whether the copy itself would answer.
struct ActivationCheckTests {
    private let check = ActivationCheck(
        watched: WatchedAddresses(vault: [.init(label: "prod/a", hosts: ["a", "10.0.0.1"], port: 8200)]))

    private func verdict(_ status: Int, _ leader: StagingLeader) -> ActivationCheck.Verdict {
        check.verdict(.value(StagingHealth(status: status)), .value(leader))
    }

    private func kind(_ verdict: ActivationCheck.Verdict) -> RestoreFailure.Kind? {
        if case .fail(let failure) = verdict { failure.kind } else { nil }
    }

    @Test func withoutHighAvailabilityNobodyElseCanAnswer() {
        #expect(verdict(200, StagingLeader(haEnabled: false, isSelf: false)) == .active)
        #expect(verdict(200, StagingLeader(haEnabled: true, isSelf: true, leaderAddress: "https://s:8200")) == .active)
    }

    /// The copy of a database with a valid lock row: production would answer the read with 200.
    @Test(arguments: ["https://a:8200", "https://10.0.0.1:8200/", "HTTPS://A:8200"])
    func aStandbyOfProductionIsRefused(address: String) {
        #expect(kind(verdict(429, StagingLeader(haEnabled: true, isSelf: false, leaderAddress: address))) == .notItself)
        #expect(kind(verdict(200, StagingLeader(haEnabled: true, isSelf: true, leaderAddress: address))) == .notItself)
    }

    @Test func anElectionIsWaitedFor() {
        let nobody = StagingLeader(haEnabled: true, isSelf: false)
        guard case .wait = verdict(429, nobody), case .wait = verdict(200, nobody),
            case .wait = check.verdict(.silent("timeout"), .silent("timeout"))
        else {
            Issue.record("not waited for")
            return
        }
    }

    @Test func whatOthersAnswerIsNoCopy() {
        let itself = StagingLeader(haEnabled: true, isSelf: true, leaderAddress: "https://s:8200")
        #expect(kind(verdict(473, itself)) == .notItself)
        #expect(kind(verdict(472, itself)) == .notItself)
        #expect(kind(verdict(503, itself)) == .staging)
    }
}
