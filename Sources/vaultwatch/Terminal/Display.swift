#if canImport(Glibc)
    import Glibc
#endif

/// How text is laid out on standard output: no wider than the terminal, and with colours only on one.
struct Display: Sendable, Hashable {
    /// Columns that a line may take; nil where lines may have any length, for programs that read them.
    var width: Int?
    /// Lines that the terminal shows; nil where it is none.
    var height: Int?
    /// Whether a person reads the output at once.
    var isTerminal = false
    /// Whether colours are wanted.
    var hasColour = false

    /// Output for programs.
    static let plain = Display()

    /// Where a terminal does not say how wide it is; VT100.
    private static let usualWidth = 80
    /// Narrower ones are treated as this wide.
    private static let leastWidth = 10
    /// For layouts that are only for people, where there is no terminal.
    private static let pageWidth = 160

    /// What standard output, or another descriptor, is now. Source: ioctl_tty(2), TIOCGWINSZ.
    static func current(_ descriptor: Int32 = 1) -> Display {
        let isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        return Display(
            isTerminal: isTerminal, columns: isKnown ? Int(size.ws_col) : 0, rows: isKnown ? Int(size.ws_row) : 0,
            environment: Environment.all())
    }

    init() {}

    /// - Parameters:
    ///   - columns: what the terminal reports; 0 if it does not know.
    ///   - environment: `COLUMNS` narrows a terminal, and gives other output a width; `NO_COLOR` (no-color.org) and
    ///     `TERM=dumb` forbid colours.
    init(isTerminal: Bool, columns: Int = 0, rows: Int = 0, environment: [String: String] = [:]) {
        let wanted = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let reported = columns > 0 ? columns : nil
        self.isTerminal = isTerminal
        if isTerminal {
            // COLUMNS may be older than the window's last change of size.
            width = max(min(reported ?? wanted ?? Display.usualWidth, wanted ?? .max), Display.leastWidth)
            height = rows > 0 ? rows : 24
        } else {
            width = wanted.map { max($0, Display.leastWidth) }
        }
        hasColour = isTerminal && environment["NO_COLOR"].map(\.isEmpty) ?? true && environment["TERM"] != "dumb"
    }

    /// The same with a width of its own, for layouts that nobody parses.
    var asPage: Display {
        var page = self
        page.width = width ?? Display.pageWidth
        return page
    }

    /// The same for text that is indented.
    func narrowed(by columns: Int) -> Display {
        var narrow = self
        narrow.width = width.map { max($0 - columns, 1) }
        return narrow
    }

    /// A text whose lines are no wider than the display; what is broken off stands below the beginning of its line.
    func fitted(_ text: String) -> String {
        guard width != nil else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            let indent = line.prefix { $0 == " " || $0 == "\t" }
            let lead = TextTable.Cell(String(indent))
            return Paragraph(String(line.dropFirst(indent.count)), lead: [lead]).lines(self)
        }.joined(separator: "\n")
    }

    /// How a piece of text stands out. Source: ECMA-48, 8.3.117, SGR.
    enum Style: String, Sendable {
        case none = "", bold = "1", faint = "2", red = "31", green = "32", yellow = "33", magenta = "35"
        case boldRed = "1;31", boldYellow = "1;33"
    }

    /// The text in a style, where colours are wanted.
    func styled(_ text: String, _ style: Style) -> String {
        guard hasColour, style != .none, !text.isEmpty else { return text }
        return "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
    }
}
