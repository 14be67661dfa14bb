import Agent
import ArgumentParser
import Config
import Logging
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

/// Runs an agent for a command and turns what stops it into an exit code.
enum Daemon {
    static func run(
        _ options: AgentOptions, log: Logger, requests: AsyncStream<Request>,
        ready: @escaping @Sendable ([String]) -> Void = { _ in }
    ) async throws {
        // A core would hold the secrets in use; setrlimit(2).
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        raiseFileLimit()
        do {
            let agent = try Agent(options, platform: .real(log: log))
            agent.onReady = ready
            try await agent.run(requests: requests)
        } catch let errors as ConfigurationErrors {
            Terminal.error(errors.description)
            throw ExitCode.failure
        } catch {
            log.error("the agent cannot run", metadata: ["err": "\(error)"])
            throw ExitCode.failure
        }
    }

    /// Every receiver may have its connections beside those of targets and clients: 1024 descriptors, which is where
    /// shells start programs, may be too few. Nothing here uses select(2), for whose sake the limit is so low;
    /// getrlimit(2).
    private static func raiseFileLimit() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
        setrlimit(files, &limit)
    }
}
