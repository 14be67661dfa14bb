/// A table as text, the one layout of all commands: columns side by side where they fit, long cells in several lines
/// where they fit so, else each row as a list of its fields.
struct TextTable: Sendable {
    /// A column.
    struct Column: Sendable, ExpressibleByStringLiteral {
        let title: String
        /// Whether its cells stay on one line: times, names of states. They are short.
        var isRigid = false

        init(stringLiteral title: String) { self.title = title }
        init(_ title: String, isRigid: Bool = false) {
            self.title = title
            self.isRigid = isRigid
        }

        /// A column whose cells stay on one line.
        static func rigid(_ title: String) -> Column { Column(title, isRigid: true) }
    }

    /// The text of one row in one column.
    struct Cell: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        var text: String
        var style = Display.Style.none

        init(stringLiteral text: String) { self.init(text) }
        init(_ text: String, _ style: Display.Style = .none) {
            self.text = text.onOneLine
            self.style = style
        }
    }

    let columns: [Column]
    private let rows: [[Cell]]
    /// Cells beyond this width do not widen their column where lines may have any length; nil: all do, as in amtool.
    var paddingLimit: Int? = 60
    /// Whether the titles are left out.
    var hidesTitles = false

    /// Columns of text are at least this wide, or as wide as their widest cell; narrower ones could not be read.
    private static let leastWidth = 16
    private static let gap = 2

    /// - Parameter rows: a cell for each column; missing ones are empty.
    init(_ columns: [Column], _ rows: [[Cell]]) {
        self.columns = columns
        self.rows = rows.map { row in
            Array(row.prefix(columns.count)) + Array(repeating: "", count: max(columns.count - row.count, 0))
        }
    }

    /// A table of texts.
    init(_ columns: [Column], texts rows: [[String]]) {
        self.init(columns, rows.map { $0.map { Cell($0) } })
    }

    /// The lines, without a line feed at the end.
    func render(_ display: Display) -> String { lines(display).joined(separator: "\n") }

    /// The lines, each at most as wide as the display.
    func lines(_ display: Display) -> [String] {
        let header = hidesTitles ? [] : [columns.map { Cell($0.title, .faint) }]
        let all = header + rows
        let natural = columns.indices.map { column in all.map { $0[column].text.columns }.max() ?? 0 }
        guard let width = display.width else {
            let padded = natural.indices.map { index in
                columns[index].isRigid ? natural[index] : min(natural[index], paddingLimit ?? .max)
            }
            return all.map { row in line(row.map { [$0.text] }, row, padded, 0, display) }
        }
        guard let widths = widths(natural, within: width) else { return records(display, width) }
        return all.flatMap { row in
            let pieces = row.enumerated().map { $0.element.text.wrapped(to: widths[$0.offset]) }
            return (0..<(pieces.map(\.count).max() ?? 0)).map { line(pieces, row, widths, $0, display) }
        }
    }

    /// One line of a row: the pieces with this number, each padded to its column but for the last.
    private func line(_ pieces: [[String]], _ row: [Cell], _ widths: [Int], _ number: Int, _ display: Display) -> String
    {
        let texts = pieces.map { $0.indices.contains(number) ? $0[number] : "" }
        let last = texts.lastIndex { !$0.isEmpty } ?? 0
        var line = ""
        for (column, text) in texts.enumerated().prefix(last + 1) {
            line += display.styled(text, row[column].style)
            guard column < last else { break }
            line += String(repeating: " ", count: max(widths[column] - text.columns, 0) + TextTable.gap)
        }
        return line
    }

    /// The widths of the columns: rigid ones as they are, and of the rest each what it needs, or an equal share.
    /// - Returns: nil if the shares would be too narrow.
    private func widths(_ natural: [Int], within width: Int) -> [Int]? {
        var widths = natural
        let available = width - TextTable.gap * (columns.count - 1)
        if natural.reduce(0, +) <= available { return natural }
        var left = available - columns.indices.filter { columns[$0].isRigid }.reduce(0) { $0 + natural[$1] }
        // The narrowest first: what it does not need is left for the others.
        let flexible = columns.indices.filter { !columns[$0].isRigid }.sorted { natural[$0] < natural[$1] }
        for (position, column) in flexible.enumerated() {
            let share = left / (flexible.count - position)
            guard share >= min(natural[column], TextTable.leastWidth) else { return nil }
            widths[column] = min(natural[column], share)
            left -= widths[column]
        }
        return left >= 0 ? widths : nil
    }

    /// Each row as lines `Title  text`, with an empty line between rows; fields without text are left out.
    private func records(_ display: Display, _ width: Int) -> [String] {
        let title = min(columns.map(\.title.columns).max() ?? 0, width / 3)
        let blocks = rows.map { row in
            zip(columns, row).filter { !$0.1.text.isEmpty }.flatMap { column, cell in
                let head = String(column.title.wrapped(to: max(title, 2))[0]).padded(to: title)
                return Paragraph(cell.text, lead: [Cell(head + "  ", .faint)], style: cell.style).lines(display)
            }
        }
        return Array(blocks.filter { !$0.isEmpty }.joined(separator: [""]))
    }
}
