import Platform
import Supervision
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// The whole terminal for a picture that is redrawn, and as it was before once that ends: the alternate screen, no
/// cursor, no echo of keys. Source: xterm, "Control Sequences", DECSET 1049 and 25; termios(3).
final class LiveScreen: Sendable {
    enum Event: Sendable, Hashable {
        /// There is something new, or the size has changed.
        case redraw
        /// Ctrl-Z.
        case stopped
        /// A key asks for the end.
        case ended
        /// A signal does, by its number.
        case signal(Int32)
    }

    private struct State {
        /// The terminal's settings before `enter`; nil where they could not be read.
        var before: termios?
        var isEntered = false
        /// Whether a redraw waits to be drawn.
        var isRedrawWaiting = false
    }

    /// What happens, in order; many redraws at once are one.
    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let state = Mutex(State())

    private static let enterText = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J"
    private static let leaveText = "\u{1b}[?25h\u{1b}[?1049l"
    private static let ends = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Catches the signals. - Returns: nil with errno if they can't be caught.
    init?() {
        (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        guard let signals = Signals.stream(of: LiveScreen.ends + [SIGWINCH, SIGTSTP, SIGCONT]) else { return nil }
        let continuation = continuation
        Task {
            for await number in signals {
                switch number {
                case SIGTSTP: continuation.yield(.stopped)
                case SIGWINCH, SIGCONT: redraw()
                default: continuation.yield(.signal(number))
                }
            }
        }
        guard isatty(0) == 1 else { return }
        // Reading blocks, so it has a thread of its own, which lives as long as the process. Without it only signals
        // end the view.
        try? SystemThreads().start("keys") {
            var byte: UInt8 = 0
            while true {
                let count = read(0, &byte, 1)
                if count < 0, errno == EINTR { continue }
                guard count == 1 else { return }
                if byte == UInt8(ascii: "q") || byte == UInt8(ascii: "Q") { continuation.yield(.ended) }
            }
        }
    }

    /// Asks for a new picture. From any thread.
    func redraw() {
        let isFirst = state.withLock { state in
            defer { state.isRedrawWaiting = true }
            return !state.isRedrawWaiting
        }
        if isFirst { continuation.yield(.redraw) }
    }

    /// Takes the terminal.
    func enter() {
        state.withLock { state in
            guard !state.isEntered else { return }
            state.isEntered = true
            var settings = termios()
            if isatty(0) == 1, tcgetattr(0, &settings) == 0 {
                state.before = settings
                settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
                tcsetattr(0, TCSANOW, &settings)
            }
            _ = LiveScreen.write(LiveScreen.enterText)
        }
        redraw()
    }

    /// Gives the terminal back as it was. Does nothing a second time.
    func leave() {
        state.withLock { state in
            guard state.isEntered else { return }
            state.isEntered = false
            _ = LiveScreen.write(LiveScreen.leaveText)
            if var before = state.before { tcsetattr(0, TCSANOW, &before) }
        }
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it goes on.
    func suspend() {
        leave()
        kill(getpid(), SIGSTOP)
        enter()
    }

    /// Draws the lines from the top, in one write, so that nothing flickers.
    /// - Parameter lines: made after redraws asked for meanwhile count again.
    /// - Returns: false if the terminal is gone.
    func draw(_ lines: () -> [String]) -> Bool {
        state.withLock { $0.isRedrawWaiting = false }
        let lines = lines()
        // Cleared before it is written: after a character in the last column, "to the right" begins with it.
        var text = "\u{1b}[H" + lines.map { "\u{1b}[2K" + $0 }.joined(separator: "\r\n")
        if lines.count < Display.current().height ?? 0 { text += "\r\n\u{1b}[J" }
        return LiveScreen.write(text)
    }

    /// Ends the process as the signal would have done, so that a shell sees it.
    static func end(by number: Int32) {
        Glibc.signal(number, SIG_DFL)
        raise(number)
    }

    private static func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var terminal = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = poll(&terminal, 1, -1)
                continue
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}
