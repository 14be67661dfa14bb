import ArgumentParser
import Platform
import Samples
import Supervision
import TimeZones
#if canImport(Glibc)
    import Glibc
#endif

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the state of the estate and redraw it while it changes.",
        discussion: """
            Asks a running agent again and again, and shows what vaultwatch status prints, as much of it as fits. If the
            agent does not answer, the last state stays, with its age. q or Ctrl-C ends it. Where standard output is no
            terminal, the status is printed once, and the exit code is 2.
            Examples:
              vaultwatch watch
              vaultwatch watch --interval 5s --url https://watch.example.org:9321
            """)

    @OptionGroup var agent: AgentURLOptions

    @Option(help: "The time from one question to the next, such as 500ms or 10s; at least 200ms.")
    var interval = "1s"

    private static let leastInterval = Duration.milliseconds(200)
    private static let longestInterval = Duration.seconds(3600)
    /// How long each of two answers may take before the state is shown as stale.
    private static let patience = Duration.seconds(5)

    func validate() throws { _ = try span() }

    private func span() throws -> Duration {
        guard let span = Duration(prometheus: interval), span >= WatchCommand.leastInterval,
            span <= WatchCommand.longestInterval
        else {
            throw ValidationError("--interval: expected a duration from 200ms to 1h, found \"\(interval)\"")
        }
        return span
    }

    func run() async throws {
        let client = try agent.client()
        let every = try span()
        guard Display.current().isTerminal else { return try await once(client) }
        guard let screen = LiveScreen() else {
            Terminal.error("the signals that end the view cannot be caught: \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        let state = WatchState()
        let asker = Task { await ask(client, every, state, screen) }
        screen.enter()
        var ended: LiveScreen.Event?
        // What is drawn changes with time too: ages and what comes next.
        for await event in screen.events {
            switch event {
            case .redraw: break
            case .stopped: screen.suspend()
            case .ended, .signal: ended = event
            }
            if ended != nil { break }
            let isDrawn = screen.draw {
                state.frame(.current(), zone: LocalZone.current(), now: SystemTime().now())
            }
            // The terminal is gone.
            if !isDrawn { break }
        }
        asker.cancel()
        screen.leave()
        if case .signal(let number) = ended { LiveScreen.end(by: number) }
    }

    /// Asks until it is cancelled.
    private func ask(_ client: AgentClient, _ every: Duration, _ state: WatchState, _ screen: LiveScreen) async {
        let time = SystemTime()
        while !Task.isCancelled {
            let began = time.monotonic()
            do throws(AgentError) {
                state.answered(try await EstateReport.fetch(client, timeout: WatchCommand.patience), time.now())
            } catch {
                state.failed(error.message)
            }
            screen.redraw()
            try? await time.sleep(until: began + every)
        }
    }

    /// The status as text, for output that nothing can be redrawn on.
    private func once(_ client: AgentClient) async throws {
        do throws(AgentError) {
            print(StatusText(.current()).render(try await EstateReport.fetch(client)))
        } catch {
            Terminal.error(error.advice)
            throw ExitCode(3)
        }
        Terminal.error(
            "standard output is no terminal: the status is printed once; vaultwatch status has an exit code for it")
        throw ExitCode(2)
    }
}
