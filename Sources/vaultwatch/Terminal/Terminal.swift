#if canImport(Glibc)
    import Glibc
#endif

enum Terminal {
    /// Prints lines to standard error.
    static func error(_ text: String) {
        let display = Display.current(2)
        var line = (display.isTerminal ? display.fitted(text) : text) + "\n"
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }
}
