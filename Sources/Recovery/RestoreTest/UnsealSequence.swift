/// Decides how to unseal a copy, from what it answers.
struct UnsealSequence: Sendable {
    /// What to do next.
    enum Step: Sendable, Equatable {
        /// Ask again a little later.
        case wait
        /// Discard keys that somebody else entered.
        case reset
        /// Enter the key of this index.
        case give(Int)
        /// It is unsealed.
        case unsealed
        /// It will not be.
        case fail(RestoreFailure)
    }

    /// How many keys the backup needs; nil if that is not known, or if the seal is automatic.
    private let needed: (shares: Int, threshold: Int)?
    /// The files of the keys, for messages; empty for an automatic seal.
    private let keys: [String]
    /// Whether it must be seen sealed first: before that, answers are those of the Vault that is being replaced.
    private var awaitsSeal: Bool
    /// Keys that it has accepted so far.
    private var given = 0
    /// Whether a key was sent: before that, nobody but somebody else can have unsealed it.
    private var hasTried = false
    private var progress = 0

    /// - Parameters:
    ///   - keys: the names of the keys' files.
    ///   - awaitsSeal: whether a restore was accepted just now.
    init(needed: (shares: Int, threshold: Int)?, keys: [String], awaitsSeal: Bool) {
        self.needed = needed
        self.keys = keys
        self.awaitsSeal = awaitsSeal
    }

    /// Takes sys/seal-status.
    mutating func take(_ answer: StagingAnswer<StagingSealStatus>) -> Step {
        // While it restores, a Vault hangs or answers with 500.
        guard case .value(let status) = answer else { return .wait }
        guard status.initialized else {
            // A Vault that is just starting on its storage says so, too.
            return .wait
        }
        guard status.sealed else {
            if awaitsSeal { return .wait }
            guard hasTried || keys.isEmpty else {
                return .fail(
                    RestoreFailure(
                        .notItself,
                        "the Vault at staging's address was already unsealed: it is not the one that was started on the copy"
                    ))
            }
            return .unsealed
        }
        awaitsSeal = false
        let isShamir = status.type ?? "shamir" == "shamir"
        guard !keys.isEmpty else {
            return isShamir
                ? .fail(
                    RestoreFailure(
                        .keys,
                        "the seal is Shamir's and no key is configured; list the files of \(status.t) unseal keys of the source under key_files"
                    )) : .wait
        }
        if isShamir, let needed, status.t != needed.threshold || status.n != needed.shares {
            return .fail(RestoreFailure(.keys, UnsealSequence.otherNumbers(status.t, status.n, needed)))
        }
        guard keys.count >= status.t else {
            return .fail(
                RestoreFailure(
                    .keys, "the backup needs \(status.t) of \(status.n) unseal keys; key_files has \(keys.count)"))
        }
        if status.progress > given || (given == 0 && status.progress > 0) { return .reset }
        // It started again, or somebody discarded the keys.
        if status.progress < given { given = max(0, status.progress) }
        progress = status.progress
        hasTried = true
        return .give(min(given, keys.count - 1))
    }

    /// Takes the answer to a key.
    mutating func take(answer: StagingAnswer<StagingSealStatus>, toKey index: Int) -> Step {
        let name = keys.indices.contains(index) ? keys[index] : "the key"
        switch answer {
        case .silent: return .wait
        case .value(let status):
            guard status.sealed else { return .unsealed }
            // Vault does not count a share twice, and does not say so.
            guard status.progress > progress else {
                return .fail(
                    RestoreFailure(
                        .keys, "\(name) holds the same unseal key as a file before it; each must hold another"))
            }
            progress = status.progress
            given = index + 1
            return given < keys.count ? .give(given) : .wait
        case .status(let status, let words): return .fail(UnsealSequence.failure(status, words, name))
        }
    }

    /// Nothing to discard any more.
    mutating func wasReset() { given = 0 }

    private static func otherNumbers(_ t: Int, _ n: Int, _ needed: (shares: Int, threshold: Int)) -> String {
        "the backup needs \(needed.threshold) of \(needed.shares) unseal keys, but staging still has a seal of \(t) of \(n), which it read at its start: initialise staging with \(needed.shares) shares and a threshold of \(needed.threshold), or restart its process after the restore"
    }

    /// The message of a refused key. Sources: recorded answers of Vault 1.8.
    private static func failure(_ status: Int, _ words: String, _ name: String) -> RestoreFailure {
        if words.contains("invalid key size") {
            return RestoreFailure(
                .keys,
                "staging was initialised with another number of shares than the backup and kept it (\(words)): initialise it with the backup's numbers, or restart its process"
            )
        }
        if words.contains("message authentication failed") {
            return RestoreFailure(
                .keys,
                "the unseal keys do not open this backup: a share is wrong, or they are of another rekey than the backup's; Vault notices that only at the last one"
            )
        }
        if words.contains("audit table") {
            return RestoreFailure(
                .staging,
                "the copy cannot open the source's audit files (\(words)): provide their directory in staging; in a database the rows core/audit and core/local-audit can be left out"
            )
        }
        if words.contains("valid hex or base64") {
            return RestoreFailure(.keys, "\(name) holds no unseal key: expected one line of hexadecimal or Base64")
        }
        return RestoreFailure(.keys, "staging refuses the key of \(name): \(status) \(words)")
    }
}
