import Samples

/// A series during an evaluation.
struct Row {
    var labels: Labels
    /// Whether `__name__` is to be dropped, which happens at the end of the evaluation, so that `by (__name__)` and
    /// `label_replace` can still use it. Prometheus: feature flag `promql-delayed-name-removal`.
    var dropName = false
}

/// A vector at all steps: one row per series, one column per step. Each row has a value at one step or more. Rows may
/// have the same labels as long as they have no values at the same step.
struct Table {
    /// The bit pattern of a cell without a value. Arithmetic never yields it, since it is a signalling NaN and the
    /// processor returns quiet ones.
    static let missing = StaleMarker.value

    /// The number of columns.
    let width: Int
    private(set) var rows: [Row] = []
    /// The values in row-major order.
    private(set) var cells: [Double] = []
    private let lease: Lease

    init(width: Int, _ budget: Budget) {
        self.width = width
        lease = Lease(budget)
    }

    @inline(__always) static func isMissing(_ value: Double) -> Bool { value.bitPattern == StaleMarker.bits }

    subscript(row: Int, column: Int) -> Double { cells[row * width + column] }

    /// The values of one row.
    func row(_ index: Int) -> ArraySlice<Double> { cells[index * width..<(index + 1) * width] }

    // MARK: Growing

    /// Adds a row unless it is empty.
    /// - Parameter fill: writes the values into the cells, which are all `missing`; returns whether it wrote any.
    mutating func append(_ row: Row, _ fill: (UnsafeMutableBufferPointer<Double>) throws(EvaluationError) -> Bool)
        throws(EvaluationError)
    {
        try lease.extend(by: width)
        let start = cells.count
        cells.append(contentsOf: repeatElement(Table.missing, count: width))
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

    /// Replaces each value; a result of `missing` removes it.
    /// - Parameter canEmpty: whether `body` may return `missing`.
    mutating func changeValues(canEmpty: Bool = false, _ body: (_ value: Double, _ column: Int) -> Double) {
        cells.withUnsafeMutableBufferPointer { cells in
            var column = 0
            for index in cells.indices {
                if !Table.isMissing(cells[index]) { cells[index] = body(cells[index], column) }
                column += 1
                if column == width { column = 0 }
            }
        }
        if canEmpty { dropEmptyRows() }
    }

    /// Removes the values for which `keeps` returns false.
    mutating func filter(_ keeps: (_ row: Int, _ column: Int) -> Bool) {
        cells.withUnsafeMutableBufferPointer { cells in
            for row in rows.indices {
                for column in 0..<width where !keeps(row, column) { cells[row * width + column] = Table.missing }
            }
        }
        dropEmptyRows()
    }

    private mutating func dropEmptyRows() {
        let kept = rows.indices.filter { row in self.row(row).contains { !Table.isMissing($0) } }
        if kept.count < rows.count { self = picking(kept) }
    }

    /// The rows at these indices, in their order.
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

    /// Adds all rows of another table of the same width.
    mutating func append(_ other: Table) throws(EvaluationError) {
        try lease.extend(by: other.cells.count)
        rows += other.rows
        cells += other.cells
    }

    /// A table with its only column repeated.
    func repeated(_ times: Int, _ budget: Budget) throws(EvaluationError) -> Table {
        var wide = Table(width: times, budget)
        try wide.lease.extend(by: rows.count * times)
        wide.rows = rows
        wide.cells.reserveCapacity(rows.count * times)
        for value in cells { wide.cells.append(contentsOf: repeatElement(value, count: times)) }
        return wide
    }
}

/// A scalar at all steps.
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

    /// The values at all steps; a constant is included once.
    var values: [Double] {
        switch self {
        case .constant(let value): [value]
        case .varying(let values): values
        }
    }
}
