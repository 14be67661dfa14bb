package import Platform
import Text
import Transport

/// Runs the operator's programs for staging, and pg_restore.
package protocol RestorePrograms: Sendable {
    /// Runs a program to its end.
    /// - Parameters:
    ///   - environment: added to this process's.
    ///   - input: a file to read from the start.
    ///   - timeout: after which it is killed with its children.
    /// - Returns: its exit status, or nil if it was killed or could not be started; and the end of what it said.
    func run(
        _ arguments: [String], environment: [String: String], input: OpenFile?, timeout: Duration
    ) async -> ProgramOutcome
}

/// How a program ended.
package struct ProgramOutcome: Sendable, Hashable {
    /// Its exit status; nil if it was killed or could not be started.
    package var status: Int32?
    /// The end of its standard error, or why it has no status.
    package var words: String

    /// An outcome.
    package init(status: Int32?, words: String) {
        self.status = status
        self.words = words
    }
}

/// Programs of this machine. A child dies with this process.
package struct SystemPrograms: RestorePrograms {
    private let environment: [String: String]

    /// What a hook finds of this process's environment; the rest may hold credentials of the bucket.
    private static let passedOn = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR",
    ]

    /// - Parameter environment: of this process.
    package init(environment: [String: String]) {
        self.environment = environment.filter { SystemPrograms.passedOn.contains($0.key) }
    }

    /// Runs a program in a process group of its own, which is killed as a whole; see `RestorePrograms`.
    package func run(
        _ arguments: [String], environment: [String: String], input: OpenFile?, timeout: Duration
    ) async -> ProgramOutcome {
        guard let program = arguments.first else { return ProgramOutcome(status: nil, words: "no program") }
        var options = ChildProcess.Options(
            environment: self.environment.merging(environment) { _, new in new }, standardOutput: .discard)
        options.standardInput = input?.descriptor
        do {
            if let input { try input.rewind() }
            let child = try await ChildProcess.start(program, Array(arguments.dropFirst()), options: options)
            let exit = await withTaskCancellationHandler {
                await child.wait(atMost: timeout)
            } onCancel: {
                child.signal(15)
            }
            let words = SystemPrograms.words(child)
            switch exit {
            case .exited(let status): return ProgramOutcome(status: status, words: words)
            case .signalled(let number): return ProgramOutcome(status: nil, words: "killed by signal \(number)")
            case nil:
                // In a task of its own: in a cancelled one the grace is over at once, and what the program has begun is left.
                await Task { _ = await child.terminate(grace: .seconds(2)) }.value
                return ProgramOutcome(
                    status: nil, words: "no end after \(Words.duration(timeout))\(words.isEmpty ? "" : ": \(words)")")
            }
        } catch {
            return ProgramOutcome(status: nil, words: "\(error)")
        }
    }

    /// One line, since it stands in a record.
    private static func words(_ child: ChildProcess) -> String {
        let text = String(decoding: child.standardError(limit: 2048), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: "; ")
    }
}

/// The hooks of staging.
struct RestoreHooks: Sendable {
    let options: RestoreTestOptions
    let programs: any RestorePrograms
    /// What every hook finds in its environment.
    let environment: [String: String]

    /// - Throws: `RestoreFailure` if the hook fails.
    func run(_ hook: RestoreTestOptions.Hook?, _ name: String, _ more: [String: String] = [:])
        async throws(RestoreFailure)
    {
        guard let hook else { return }
        let outcome = await programs.run(
            hook.arguments, environment: environment.merging(more) { _, new in new }, input: nil, timeout: hook.timeout)
        guard outcome.status == 0 else {
            throw RestoreFailure(
                .staging, "the hook \(name) failed\(RestoreHooks.suffix(outcome))")
        }
    }

    /// Addresses of one name that are tried.
    private static let addressLimit = 8

    /// Lets the hook `reach` try to connect to what is watched, from where staging runs: exit status 0 means that it
    /// could, 1 that it could not. Of a name, to each of its addresses, since staging may resolve it otherwise.
    func tryToReach(_ watched: WatchedAddresses) async throws(RestoreFailure) {
        guard let hook = options.reach else { return }
        for endpoint in watched.vault + watched.postgres {
            let hosts = endpoint.hosts.filter { !$0.hasPrefix("/") }.sorted()
            let numeric = hosts.filter { DNSAddress.normal($0) != nil }
            for host in (numeric.isEmpty ? hosts : numeric).prefix(RestoreHooks.addressLimit) {
                try await tryToReach(endpoint, host, by: hook)
            }
        }
    }

    private func tryToReach(
        _ endpoint: WatchedAddresses.Endpoint, _ host: String, by hook: RestoreTestOptions.Hook
    ) async throws(RestoreFailure) {
        let outcome = await programs.run(
            hook.arguments + [host, String(endpoint.port)], environment: environment, input: nil,
            timeout: hook.timeout)
        switch outcome.status {
        case 1: return
        case 0:
            throw RestoreFailure(
                .refused,
                "staging reaches \(endpoint.label) at \(host):\(endpoint.port): it is not isolated, and a restored Vault would act on the real world"
            )
        default:
            throw RestoreFailure(
                .staging,
                "the hook reach cannot tell whether staging reaches \(host):\(endpoint.port)\(RestoreHooks.suffix(outcome)); expected exit status 0 if it connects, 1 if it does not"
            )
        }
    }

    private static func suffix(_ outcome: ProgramOutcome) -> String {
        let status = outcome.status.map { " with exit status \($0)" } ?? ""
        return outcome.words.isEmpty ? status : "\(status): \(outcome.words.prefix(300))"
    }
}
