import Samples
import Transport

/// A value found by a check; it becomes a sample.
struct PostgresFact: Sendable, Hashable {
    var name: String
    var value: Double
    var labels: [Label] = []

    init(_ name: String, _ value: Double, _ labels: [Label] = []) {
        self.name = name
        self.value = value
        self.labels = labels
    }
}

/// One row of a result, accessed by column name.
struct PostgresRow {
    let rows: PostgresRows
    let index: Int

    func text(_ column: String) -> String? { rows.value(index, column) }
    /// A finite number; nil for NULL, `Infinity` and anything else.
    func number(_ column: String) -> Double? { text(column).flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil } }
    /// `t` or `f`.
    func bool(_ column: String) -> Bool? { text(column).map { $0 == "t" } }

    static func all(_ rows: PostgresRows) -> [PostgresRow] {
        rows.rows.indices.map { PostgresRow(rows: rows, index: $0) }
    }
    static func first(_ rows: PostgresRows) -> PostgresRow? { all(rows).first }
}

extension [PostgresFact] {
    mutating func add(_ name: String, _ value: Double?, _ labels: KeyValuePairs<String, String> = [:]) {
        if let value { append(PostgresFact(name, value, labels.map { Label($0.key, $0.value) })) }
    }

    mutating func add(_ name: String, _ value: Bool?, _ labels: KeyValuePairs<String, String> = [:]) {
        add(name, value.map { $0 ? 1 : 0 }, labels)
    }
}
