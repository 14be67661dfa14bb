import Glibc
import Platform
import Synchronization

/// How other threads tell an event loop what to do: commands in order, and the loop's thread, which the first of them
/// starts and of which there is one at a time.
final class LoopInbox<Command: Sendable>: Sendable {
    /// Why a command was not taken.
    enum Refusal: Sendable {
        case stopped
        /// The next submission tries again.
        case noThread(ThreadError)
    }

    private enum Life {
        /// No thread yet, or one that could not open what it needs: the next submission starts one.
        case dormant
        case running
        case stopped
    }

    private struct State {
        var life = Life.dormant
        var wakeup: Wakeup?
        var commands: [Command] = []
    }

    private let name: String
    private let threads: any ThreadStarter
    private let state = Mutex(State())

    /// - Parameter name: the thread's.
    init(_ name: String, _ threads: any ThreadStarter) {
        self.name = name
        self.threads = threads
    }

    // MARK: - For any thread

    /// Hands a command over. It is read even where `stop` comes next.
    /// - Parameter run: the thread's body, where there is no thread; gets what wakes it.
    /// - Returns: why the command will not be read.
    func submit(_ command: Command, run: @escaping @Sendable (Wakeup) -> Void) -> Refusal? {
        state.withLock { state in
            switch state.life {
            case .stopped: return .stopped
            case .running: break
            case .dormant:
                if state.wakeup == nil { state.wakeup = Wakeup() }
                guard let wakeup = state.wakeup else { return .noThread(ThreadError(name: name, code: EMFILE)) }
                do throws(ThreadError) { try threads.start(name) { run(wakeup) } } catch { return .noThread(error) }
                state.life = .running
            }
            state.commands.append(command)
            state.wakeup?.signal()
            return nil
        }
    }

    /// Hands a command over where a thread runs.
    /// - Returns: false where none does, so that there is nothing to do.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard state.life == .running else { return false }
            state.commands.append(command)
            state.wakeup?.signal()
            return true
        }
    }

    /// The last command: from here on nothing comes in behind it, where nobody would read it.
    func stop(_ command: Command) {
        state.withLock { state in
            if state.life == .running {
                state.commands.append(command)
                state.wakeup?.signal()
            }
            state.life = .stopped
        }
    }

    // MARK: - For the loop's thread

    /// What has come.
    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands.removeAll(keepingCapacity: state.commands.count < 1024) }
            return state.commands
        }
    }

    /// What has come, for a thread that ends. After nothing has, the next submission starts a new thread, to which the
    /// loop belongs from then on.
    func takeLast() -> [Command] {
        state.withLock { state in
            if state.commands.isEmpty, state.life == .running { state.life = .dormant }
            defer { state.commands = [] }
            return state.commands
        }
    }
}
