import Testing

@testable import Recovery

/// Each trap between a restored snapshot and its first unseal, from what Vault 1.8 answered.
struct UnsealSequenceTests {
    private func status(
        sealed: Bool = true, t: Int = 3, n: Int = 5, progress: Int = 0, type: String = "shamir"
    ) -> StagingAnswer<StagingSealStatus> {
        .value(
            StagingSealStatus(
                type: type, initialized: true, sealed: sealed, t: t, n: n, progress: progress,
                storageType: "raft"))
    }

    private func sequence(_ keys: Int = 3, awaitsSeal: Bool = false) -> UnsealSequence {
        UnsealSequence(
            needed: (5, 3), keys: (1...max(1, keys)).map { "/key-\($0)" }.filter { _ in keys > 0 },
            awaitsSeal: awaitsSeal)
    }

    private func kind(_ step: UnsealSequence.Step) -> RestoreFailure.Kind? {
        if case .fail(let failure) = step { failure.kind } else { nil }
    }

    @Test func threeKeysOneAfterTheOther() {
        var sequence = sequence()
        #expect(sequence.take(status()) == .give(0))
        #expect(sequence.take(answer: status(progress: 1), toKey: 0) == .give(1))
        #expect(sequence.take(answer: status(progress: 2), toKey: 1) == .give(2))
        #expect(sequence.take(answer: status(sealed: false), toKey: 2) == .unsealed)
    }

    /// After the 204 the Vault that is being replaced still answers, unsealed.
    @Test func anUnsealedVaultBeforeTheSealIsTheOldOne() {
        var sequence = sequence(awaitsSeal: true)
        #expect(sequence.take(status(sealed: false, t: 3, n: 5)) == .wait)
        #expect(sequence.take(.silent("timeout")) == .wait)
        #expect(sequence.take(.status(500, "decryption failed: cipher: message authentication failed")) == .wait)
        #expect(sequence.take(status()) == .give(0))
        #expect(sequence.take(answer: status(sealed: false), toKey: 0) == .unsealed)
    }

    /// A Vault that is open before its first key is another than the copy.
    @Test func whoIsUnsealedBeforeItsKeysIsNotTheCopy() {
        var sequence = sequence()
        #expect(kind(sequence.take(status(sealed: false))) == .notItself)
    }

    /// The answer to the last key can be lost.
    @Test func anUnsealWithoutAnAnswerIsSeen() {
        var sequence = sequence()
        _ = sequence.take(status())
        #expect(sequence.take(answer: .silent("timeout"), toKey: 0) == .wait)
        #expect(sequence.take(status(sealed: false)) == .unsealed)
    }

    /// Whatever answers there chooses the number; it is the index of the next key.
    @Test func aNegativeProgressIsNoKey() {
        var sequence = sequence()
        #expect(sequence.take(status(progress: -5)) == .give(0))
    }

    @Test func cachedNumbersOfSharesAreTold() {
        var sequence = sequence(awaitsSeal: true)
        let step = sequence.take(status(t: 1, n: 1))
        #expect(kind(step) == .keys)
        #expect("\(step)".contains("3 of 5 unseal keys, but staging still has a seal of 1 of 1"))
    }

    @Test func aRepeatedShareIsFound() {
        var sequence = sequence()
        #expect(sequence.take(status()) == .give(0))
        #expect(sequence.take(answer: status(progress: 1), toKey: 0) == .give(1))
        let step = sequence.take(answer: status(progress: 1), toKey: 1)
        #expect(kind(step) == .keys && "\(step)".contains("/key-2 holds the same unseal key"))
    }

    /// Vault notices wrong shares only at the last one.
    @Test(arguments: [
        (
            "unable to retrieve stored keys: failed to encrypt keys for storage: cipher: message authentication failed",
            RestoreFailure.Kind.keys, "another rekey"
        ),
        ("failed to setup unseal key: crypto/aes: invalid key size 33", .keys, "another number of shares"),
        ("failed to setup audit table", .staging, "audit files"),
        ("'key' must be a valid hex or base64 string", .keys, "/key-3 holds no unseal key"),
    ]) func whyAKeyIsRefused(words: String, kind: RestoreFailure.Kind, hint: String) {
        var sequence = sequence()
        _ = sequence.take(status(progress: 0))
        let step = sequence.take(answer: .status(500, words), toKey: 2)
        #expect(self.kind(step) == kind && "\(step)".contains(hint), "\(step)")
    }

    @Test func tooFewKeyFilesAreToldBeforeTheFirst() {
        var sequence = sequence(2)
        #expect(kind(sequence.take(status())) == .keys)
    }

    /// Somebody's half of a former try would be counted with ours.
    @Test func keysOfOthersAreDiscarded() {
        var sequence = sequence()
        #expect(sequence.take(status(progress: 2)) == .reset)
        sequence.wasReset()
        #expect(sequence.take(status()) == .give(0))
    }

    /// A restart in between forgets what was entered.
    @Test func itBeginsAgainAfterARestart() {
        var sequence = sequence()
        _ = sequence.take(status())
        #expect(sequence.take(answer: status(progress: 1), toKey: 0) == .give(1))
        #expect(sequence.take(answer: .silent("reset"), toKey: 1) == .wait)
        #expect(sequence.take(status(progress: 0)) == .give(0))
    }

    @Test func aKeyServiceIsWaitedFor() {
        var sequence = UnsealSequence(needed: nil, keys: [], awaitsSeal: true)
        #expect(sequence.take(status(type: "awskms")) == .wait)
        #expect(sequence.take(status(sealed: false, type: "awskms")) == .unsealed)
        var without = UnsealSequence(needed: (5, 3), keys: [], awaitsSeal: false)
        #expect(kind(without.take(status())) == .keys)
    }
}
