import Samples

/// One series inside an evaluation. Its name is dropped only at the very end, so that `by (__name__)` and
/// `label_replace` still see it.
struct Row {
    var labels: Labels
    var dropName = false
}

/// What an expression gives at all steps: a row a series, a column a step. Each row has a value at one step at least.
/// Rows may have the same labels when they have no step in common.
struct Table {
    /// Stands where a series has no value. Arithmetic never gives this pattern, since hardware quiets such NaNs.
    static let nothing = StaleMarker.value

    /// Columns.
    let width: Int
    private(set) var rows: [Row] = []
    /// Row after row.
    private(set) var cells: [Double] = []
    private let lease: Lease

    init(width: Int, _ budget: Budget) {
        self.width = width
        lease = Lease(budget)
    }

    @inline(__always) static func isNothing(_ value: Double) -> Bool { value.bitPattern == StaleMarker.bits }

    subscript(row: Int, column: Int) -> Double { cells[row * width + column] }

    /// The values of one row.
    func row(_ index: Int) -> ArraySlice<Double> { cells[index * width..<(index + 1) * width] }

    // MARK: Growing

    /// Adds a row of which `fill` writes the values; it finds `nothing` everywhere and says whether it wrote any.
    mutating func append(_ row: Row, _ fill: (UnsafeMutableBufferPointer<Double>) throws(EvaluationError) -> Bool)
        throws(EvaluationError)
    {
        try lease.extend(by: width)
        let start = cells.count
        cells.append(contentsOf: repeatElement(Table.nothing, count: width))
        var outcome: Result<Bool, EvaluationError> = .success(false)
        cells.withUnsafeMutableBufferPointer { all in
            do throws(EvaluationError) {
                outcome = .success(try fill(UnsafeMutableBufferPointer(rebasing: all[start...])))
            } catch {
                outcome = .failure(error)
            }
        }
        if try outcome.get() {
            rows.append(row)
        } else {
            cells.removeLast(width)
            lease.shrink(by: width)
        }
    }

    /// Adds a row of a table with one column.
    mutating func append(_ row: Row, _ value: Double) throws(EvaluationError) {
        try lease.extend(by: 1)
        rows.append(row)
        cells.append(value)
    }

    // MARK: Changing

    mutating func changeRows(_ body: (inout Row) -> Void) {
        for index in rows.indices { body(&rows[index]) }
    }

    /// Replaces each value that is there. `nothing` as its result takes it away.
    /// - Parameter canEmpty: whether it may.
    mutating func changeValues(canEmpty: Bool = false, _ body: (_ value: Double, _ column: Int) -> Double) {
        cells.withUnsafeMutableBufferPointer { cells in
            var column = 0
            for index in cells.indices {
                if !Table.isNothing(cells[index]) { cells[index] = body(cells[index], column) }
                column += 1
                if column == width { column = 0 }
            }
        }
        if canEmpty { dropEmptyRows() }
    }

    /// Takes values away where `keeps` says so.
    mutating func filter(_ keeps: (_ row: Int, _ column: Int) -> Bool) {
        cells.withUnsafeMutableBufferPointer { cells in
            for row in rows.indices {
                for column in 0..<width where !keeps(row, column) { cells[row * width + column] = Table.nothing }
            }
        }
        dropEmptyRows()
    }

    private mutating func dropEmptyRows() {
        let kept = rows.indices.filter { row in self.row(row).contains { !Table.isNothing($0) } }
        if kept.count < rows.count { self = picking(kept) }
    }

    /// The rows at these places, in their order.
    func picking(_ indices: [Int]) -> Table {
        var picked = self
        picked.rows = indices.map { rows[$0] }
        if width == 1 {
            picked.cells = indices.map { cells[$0] }
        } else {
            picked.cells = []
            picked.cells.reserveCapacity(indices.count * width)
            for index in indices { picked.cells += row(index) }
        }
        return picked
    }

    /// All rows of both.
    mutating func append(_ other: Table) throws(EvaluationError) {
        try lease.extend(by: other.cells.count)
        rows += other.rows
        cells += other.cells
    }

    /// The single column again and again.
    func repeated(_ times: Int, _ budget: Budget) throws(EvaluationError) -> Table {
        var wide = Table(width: times, budget)
        try wide.lease.extend(by: rows.count * times)
        wide.rows = rows
        wide.cells.reserveCapacity(rows.count * times)
        for value in cells { wide.cells.append(contentsOf: repeatElement(value, count: times)) }
        return wide
    }
}

/// A number at each step.
enum Column {
    case constant(Double)
    case varying([Double])

    @inline(__always) subscript(step: Int) -> Double {
        switch self {
        case .constant(let value): value
        case .varying(let values): values[step]
        }
    }

    func map(_ body: (Double) -> Double) -> Column {
        switch self {
        case .constant(let value): .constant(body(value))
        case .varying(let values): .varying(values.map(body))
        }
    }

    static func zip(_ a: Column, _ b: Column, _ body: (Double, Double) -> Double) -> Column {
        switch (a, b) {
        case (.constant(let x), .constant(let y)): .constant(body(x, y))
        case (.constant(let x), .varying(let list)): .varying(list.map { body(x, $0) })
        case (.varying(let list), .constant(let y)): .varying(list.map { body($0, y) })
        case (.varying(let x), .varying(let y)): .varying(Swift.zip(x, y).map { body($0, $1) })
        }
    }

    /// The values at all steps, a constant once.
    var values: [Double] {
        switch self {
        case .constant(let value): [value]
        case .varying(let values): values
        }
    }
}
