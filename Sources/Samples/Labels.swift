import Text

/// One name-value pair of a series or an alert.
@frozen public struct Label: Hashable, Sendable, Comparable {
    /// The label's name, such as `instance`.
    public let name: String
    /// The label's value; any UTF-8.
    public let value: String

    /// A label from its name and value.
    @inlinable public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    @inlinable public static func < (a: Label, b: Label) -> Bool {
        a.name == b.name ? a.value < b.value : a.name < b.name
    }
}

/// The identity of a series or an alert: labels sorted by name, each name once, none with an empty
/// value (in Prometheus' data model an empty label is an absent one).
///
/// The fingerprint is computed once, at creation, so that equality and hashing stay cheap.
public struct Labels: Hashable, Sendable {
    /// Sorted by name.
    public let pairs: [Label]

    /// FNV-1a over `name 0xff value 0xff …`: the value of Prometheus' and Alertmanager's `LabelSet.Fingerprint`, which
    /// their API clients know.
    /// Source: prometheus/common, model/signature.go.
    public let fingerprint: UInt64

    /// No labels.
    public static let empty = Labels(sorted: [])

    /// The label that holds the metric's name.
    public static let metricName = "__name__"

    /// Labels from pairs that already satisfy the type's invariants, which are not checked.
    /// - Parameter sorted: pairs sorted by name, names unique, values not empty.
    public init(sorted pairs: [Label]) {
        self.pairs = pairs
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for pair in pairs {
            for byte in pair.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
            for byte in pair.value.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        fingerprint = hash
    }

    /// Labels from pairs in any order; a later pair replaces an earlier one of the same name.
    public init(_ pairs: some Sequence<Label>) {
        var byName: [String: String] = [:]
        for pair in pairs { byName[pair.name] = pair.value }
        self.init(byName)
    }

    /// Labels from a dictionary; empty values are dropped.
    public init(_ values: [String: String]) {
        self.init(
            sorted: values.lazy.filter { !$0.value.isEmpty }.map { Label($0.key, $0.value) }.sorted {
                $0.name < $1.name
            })
    }

    /// A series' labels: the metric's name and the others.
    public init(name: String, _ values: [String: String] = [:]) {
        var all = values
        all[Labels.metricName] = name
        self.init(all)
    }

    /// The value of a label; nil where it is absent.
    public subscript(name: String) -> String? {
        // Label sets are short: a scan beats a binary search up to a few dozen pairs.
        for pair in pairs where pair.name == name { return pair.value }
        return nil
    }

    /// The metric's name, `__name__`; nil where there is none.
    public var name: String? { self[Labels.metricName] }
    /// Whether there are no labels.
    public var isEmpty: Bool { pairs.isEmpty }
    /// The number of labels, `__name__` included.
    public var count: Int { pairs.count }

    /// The labels without `__name__`.
    public func withoutName() -> Labels {
        guard name != nil else { return self }
        return Labels(sorted: pairs.filter { $0.name != Labels.metricName })
    }

    /// The labels whose names are in the set, as `by (…)` keeps them.
    public func keeping(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { names.contains($0.name) })
    }

    /// The labels whose names are not in the set, as `without (…)` drops them.
    public func dropping(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { !names.contains($0.name) })
    }

    /// The labels with one of them set; an empty value removes it.
    public func setting(_ name: String, to value: String) -> Labels {
        var rest = pairs
        rest.removeAll { $0.name == name }
        if !value.isEmpty {
            let index = rest.firstIndex { $0.name > name } ?? rest.endIndex
            rest.insert(Label(name, value), at: index)
        }
        return Labels(sorted: rest)
    }

    /// The union of both; `other` takes precedence, and an empty value in it removes the label.
    public func merging(_ other: [String: String]) -> Labels {
        var all = dictionary
        for (name, value) in other { all[name] = value }
        return Labels(all)
    }

    /// The labels by name.
    public var dictionary: [String: String] {
        var result: [String: String] = [:]
        result.reserveCapacity(pairs.count)
        for pair in pairs { result[pair.name] = pair.value }
        return result
    }

    public static func == (a: Labels, b: Labels) -> Bool {
        a.fingerprint == b.fingerprint && a.pairs == b.pairs
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// Labels from a literal; as with `init(_:)`, a later pair replaces an earlier one.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.lazy.map { Label($0.0, $0.1) })
    }
}

extension Labels: Comparable {
    /// Prometheus' `labels.Compare`: pair by pair, then the shorter set first.
    public static func < (a: Labels, b: Labels) -> Bool {
        a.pairs.lexicographicallyPrecedes(b.pairs)
    }
}

extension Labels: CustomStringConvertible {
    /// As in PromQL: `name{a="b", c="d"}`. Values are quoted as by Go's `%q`, and so are names that are not classic.
    public var description: String {
        let rest = pairs.filter { $0.name != Labels.metricName }
        let name = self.name ?? ""
        let isPlain = name.isLegacyName(colons: true)
        if rest.isEmpty && isPlain { return name }
        var parts = rest.map {
            "\($0.name.isLegacyName(colons: false) ? $0.name : $0.name.quotedAsInGo)=\($0.value.quotedAsInGo)"
        }
        if !isPlain, !name.isEmpty { parts.insert(name.quotedAsInGo, at: 0) }
        return (isPlain ? name : "") + "{" + parts.joined(separator: ", ") + "}"
    }
}

extension String {
    /// Whether this is `[a-zA-Z_][a-zA-Z0-9_]*`, which needs no quotes in PromQL; metric names may have colons as well.
    /// Source: prometheus/common, model, `IsValidLegacyName`.
    package func isLegacyName(colons: Bool) -> Bool {
        guard let first = utf8.first, !(first >= 0x30 && first <= 0x39) else { return false }
        return utf8.allSatisfy {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5f
                || (colons && $0 == 0x3a)
        }
    }
}
