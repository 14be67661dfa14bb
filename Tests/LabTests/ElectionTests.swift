import Lab
import Platform
import Testing

struct ElectionTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func threeNodes() -> Election {
        var election = Election()
        #expect(election.join(0, at: at(0)) == [.elected(0)])
        #expect(election.join(1, at: at(0)).isEmpty)
        #expect(election.join(2, at: at(0)).isEmpty)
        return election
    }

    @Test func sealedLeaderIsFollowedAfter1600Milliseconds() {
        var election = threeNodes()
        #expect(election.leave(0, at: at(1000)) == [.released(0)])
        #expect(election.leader == nil)
        #expect(election.named == nil, "between leaders nobody is named")
        #expect(election.nextDeadline == at(2600))
        #expect(election.advance(to: at(2599)).isEmpty)
        #expect(election.advance(to: at(2600)) == [.elected(1)])
        #expect(election.join(0, at: at(9000)).isEmpty)
        #expect(election.leader == 1)
    }

    @Test func deadLeaderIsNamedUntilItsLockRanOut() {
        var election = threeNodes()
        #expect(election.crash(0, at: at(1000)) == [.lost(0)])
        #expect(election.leader == nil)
        #expect(election.named == 0)
        #expect(election.advance(to: at(15_499)).isEmpty)
        #expect(election.named == 0)
        #expect(election.advance(to: at(15_500)) == [.elected(1)])
        #expect(election.named == 1)
    }

    @Test func steppedDownLeaderStandsAtTheEnd() {
        var election = threeNodes()
        #expect(election.stepDown(at: at(0)) == [.released(0)])
        #expect(election.advance(to: at(1600)) == [.elected(1)])
        #expect(election.stepDown(at: at(2000)) == [.released(1)])
        #expect(election.advance(to: at(3600)) == [.elected(2)])
        #expect(election.stepDown(at: at(4000)) == [.released(2)])
        #expect(election.advance(to: at(5600)) == [.elected(0)])
    }

    @Test func standbyThatLeavesChangesNothing() {
        var election = threeNodes()
        #expect(election.leave(1, at: at(5)).isEmpty)
        #expect(election.crash(2, at: at(5)).isEmpty)
        #expect(election.leader == 0)
        #expect(election.nextDeadline == nil)
    }

    /// A lone node that comes back within the lock's time must wait for it like any other.
    @Test func crashedNodeThatReturnsWaitsForItsOwnLock() {
        var election = Election()
        _ = election.join(0, at: at(0))
        _ = election.crash(0, at: at(1000))
        #expect(election.nextDeadline == nil)
        #expect(election.join(0, at: at(3000)).isEmpty)
        #expect(election.nextDeadline == at(15_500))
        #expect(election.advance(to: at(15_500)) == [.elected(0)])
    }

    @Test func clusterWithNobodyElectsTheFirstThatUnseals() {
        var election = threeNodes()
        for node in 0..<3 { _ = election.leave(node, at: at(100)) }
        #expect(election.advance(to: at(60_000)).isEmpty)
        #expect(election.join(2, at: at(60_000)) == [.elected(2)])
    }
}
