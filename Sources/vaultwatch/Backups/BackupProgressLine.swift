import Platform
import Recovery
import Synchronization
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// Shows how far a command has come, on standard error: a bar on a terminal, elsewhere one line a minute.
final class BackupProgressLine: Sendable {
    private struct State {
        var shown: Instant
        var isDrawn = false
    }

    private let display: Display
    private let time: any TimeSource
    private let isQuiet: Bool
    private let state: Mutex<State>

    /// How often a terminal is redrawn, and how often a line is written elsewhere.
    private static let redraw = Duration.milliseconds(100)
    private static let lineInterval = Duration.seconds(60)
    private static let barCells = 24

    /// - Parameter isQuiet: shows nothing.
    init(isQuiet: Bool = false, display: Display = .current(2), time: any TimeSource = SystemTime()) {
        self.isQuiet = isQuiet
        self.display = display
        self.time = time
        state = Mutex(State(shown: time.monotonic()))
    }

    /// Takes progress from any thread.
    func report(_ progress: BackupProgress) {
        guard !isQuiet else { return }
        let now = time.monotonic()
        let isDue = state.withLock { state in
            let interval = display.isTerminal ? BackupProgressLine.redraw : BackupProgressLine.lineInterval
            guard now - state.shown >= interval else { return false }
            state.shown = now
            state.isDrawn = display.isTerminal
            return true
        }
        guard isDue else { return }
        let text = BackupProgressLine.text(progress, bar: display.isTerminal)
        write(display.isTerminal ? "\r\u{1b}[K" + String(text.prefix((display.width ?? 80) - 1)) : text + "\n")
    }

    /// Takes the bar away before other output.
    func clear() {
        let wasDrawn = state.withLock { state in
            defer { state.isDrawn = false }
            return state.isDrawn
        }
        if wasDrawn { write("\r\u{1b}[K") }
    }

    /// `uploading daily/… [######------] 12 MiB of 48 MiB, 25 %`.
    static func text(_ progress: BackupProgress, bar: Bool) -> String {
        let verb =
            switch progress.phase {
            case .source: "reading and encrypting"
            case .upload: "uploading"
            case .readBack: "reading back"
            }
        let name = progress.key.isEmpty ? verb : "\(verb) \(progress.key.split(separator: "/").last ?? "")"
        let done = Words.size(Double(progress.done))
        guard let total = progress.total, total > 0 else { return "\(name): \(done)" }
        let ratio = min(1, Double(progress.done) / Double(total))
        let filled = Int(saturating: ratio * Double(barCells))
        let cells = String(repeating: "#", count: filled) + String(repeating: "-", count: barCells - filled)
        let share = "\(done) of \(Words.size(Double(total))), \(Words.percent(ratio))"
        return bar ? "[\(cells)] \(name): \(share)" : "\(name): \(share)"
    }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
