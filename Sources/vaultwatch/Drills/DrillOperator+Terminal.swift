import Platform
import Recovery
import Supervision
import Text
#if canImport(Glibc)
    import Glibc
#endif

extension DrillOperator {
    /// How long a program may take to end when it is asked to.
    private static let grace = Duration.seconds(5)

    /// Whoever sits at the terminal; without one, what was answered on the command line.
    /// - Parameters:
    ///   - agreed: steps that harm are done without asking.
    ///   - confirmed: what a human is to confirm counts as confirmed.
    static func terminal(agreed: Bool, confirmed: Bool) -> DrillOperator {
        let program = ownPath
        return DrillOperator(
            obstacle: { name in
                if name == "vaultwatch" || access(name, X_OK) == 0 { return nil }
                return "\(String(cString: strerror(errno))); the head of the scenario says what it is to do"
            },
            run: { arguments, environment, timeout in
                var arguments = arguments
                if arguments.first == "vaultwatch" { arguments[0] = program }
                return await start(arguments, environment, timeout)
            },
            ask: { question in
                switch question {
                case .harm(let step, let action):
                    if agreed { return .yes }
                    return await ask(
                        "\(step)\n  \(action)\nThis harms. Do it?",
                        else: "nobody agreed to it: run it at a terminal, or name the cluster with --yes")
                case .confirm(let text):
                    if confirmed { return .yes }
                    return await ask(
                        "\(text)\nIs that so?",
                        else: "nobody confirmed it: run it at a terminal, or with --confirmed")
                }
            },
            show: { Terminal.error($0) })
    }

    /// proc_pid_exe(5): a step must not run another version of this program.
    private static var ownPath: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "vaultwatch" }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func start(
        _ arguments: [String], _ environment: [String: String], _ timeout: Duration
    ) async -> End {
        guard let program = arguments.first else { return .notStarted("no program") }
        let options = ChildProcess.Options(
            environment: Environment.all().merging(environment) { _, new in new }, standardOutput: .descriptor(2),
            standardError: .inherit)
        let child: ChildProcess
        do {
            child = try await ChildProcess.start(program, Array(arguments.dropFirst()), options: options)
        } catch {
            return .notStarted(error.reason)
        }
        let time = SystemTime()
        let exit = await Deadline.run({ await child.wait() }, until: time.monotonic() + timeout, time: time)
        switch exit {
        case .exited(let status): return .exited(status)
        case .signalled(let number): return .signalled(number)
        case nil:
            let isInterrupted = Task.isCancelled
            // In a task of its own: the waits of a cancelled one end at once.
            await Task { _ = await child.terminate(grace: grace) }.value
            return isInterrupted ? .interrupted : .timedOut
        }
    }

    /// Asks until the answer is yes or no; the end of the input is no.
    private static func ask(_ question: String, else advice: String) async -> Answer {
        guard isatty(0) == 1, isatty(2) == 1 else { return .nobody(advice) }
        while true {
            Terminal.error("\n\(question) [yes/no]")
            guard let line = await TerminalInput.line() else { return .no }
            switch line.lowercased() {
            case "yes": return .yes
            case "no", "n": return .no
            default: Terminal.error("expected yes or no in full")
            }
        }
    }
}
