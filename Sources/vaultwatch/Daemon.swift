import Agent
import ArgumentParser
import Config
import Logging
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

/// Runs an agent for a command and maps errors to exit codes.
enum Daemon {
    static func run(
        _ options: AgentOptions, log: Logger, requests: AsyncStream<Request>,
        ready: @escaping @Sendable ([String]) -> Void = { _ in }
    ) async throws {
        // A core dump would contain secrets; setrlimit(2).
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        raiseFileLimit()
        Heap.returnFreedBlocks()
        do {
            let platform = Platform.real(log: log)
            let agent = try Agent(options, platform: platform)
            agent.onReady = { addresses in
                ready(addresses)
                releaseMemory()
            }
            try await withThrowingTaskGroup { group in
                group.addTask { try await agent.run(requests: requests) }
                group.addTask {
                    while (try? await platform.time.sleep(for: pageInterval)) != nil { releaseMemory() }
                }
                try await group.next()
                group.cancelAll()
            }
        } catch let errors as ConfigurationErrors {
            Terminal.error(errors.description)
            throw ExitCode.failure
        } catch {
            log.error("the agent cannot run", metadata: ["err": "\(error)"])
            throw ExitCode.failure
        }
    }

    /// How often memory that is no longer used is let go of. Pages of code that are used come back in less than a
    /// millisecond.
    private static let pageInterval = Duration.seconds(600)

    /// On a thread of its own, since it takes milliseconds. Where none can be started it is for the next time.
    private static func releaseMemory() {
        try? SystemThreads().start("memory", stackBytes: 256 << 10) {
            Heap.returnFreedPages()
            ProgramPages.release()
        }
    }

    /// Raises the soft limit of file descriptors: the usual 1024 may be too few for the connections of targets,
    /// receivers and clients. The low default exists for select(2), which is not used; getrlimit(2).
    private static func raiseFileLimit() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
        setrlimit(files, &limit)
    }
}
