import Text

/// One name-value pair of a series or an alert.
@frozen public struct Label: Hashable, Sendable, Comparable {
    public let name: String
    public let value: String

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

    /// FNV-1a over `name 0xff value 0xff …`, the same number that Prometheus' and Alertmanager's
    /// `LabelSet.Fingerprint` gives, so that it can be shown to their clients.
    /// Source: prometheus/common, model/signature.go.
    public let fingerprint: UInt64

    public static let empty = Labels(sorted: [])

    /// The name under which the metric's name stands among the labels.
    public static let metricName = "__name__"

    /// - Parameter sorted: pairs already sorted by name, names unique, values not empty.
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

    /// Later pairs win over earlier ones of the same name.
    public init(_ pairs: some Sequence<Label>) {
        var byName: [String: String] = [:]
        for pair in pairs { byName[pair.name] = pair.value }
        self.init(byName)
    }

    public init(_ values: [String: String]) {
        self.init(
            sorted: values.lazy.filter { !$0.value.isEmpty }.map { Label($0.key, $0.value) }.sorted {
                $0.name < $1.name
            })
    }

    /// A series' labels: the metric's name beside the others.
    public init(name: String, _ values: [String: String] = [:]) {
        var all = values
        all[Labels.metricName] = name
        self.init(all)
    }

    public subscript(name: String) -> String? {
        // Label sets are short: a scan beats a binary search up to a few dozen pairs.
        for pair in pairs where pair.name == name { return pair.value }
        return nil
    }

    public var name: String? { self[Labels.metricName] }
    public var isEmpty: Bool { pairs.isEmpty }
    public var count: Int { pairs.count }

    public func withoutName() -> Labels {
        guard name != nil else { return self }
        return Labels(sorted: pairs.filter { $0.name != Labels.metricName })
    }

    public func keeping(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { names.contains($0.name) })
    }

    public func dropping(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { !names.contains($0.name) })
    }

    /// Sets one label; an empty value removes it.
    public func setting(_ name: String, to value: String) -> Labels {
        var rest = pairs
        rest.removeAll { $0.name == name }
        if !value.isEmpty {
            let place = rest.firstIndex { $0.name > name } ?? rest.endIndex
            rest.insert(Label(name, value), at: place)
        }
        return Labels(sorted: rest)
    }

    /// All of both; `other` wins, and an empty value in it removes the label.
    public func merging(_ other: [String: String]) -> Labels {
        var all = dictionary
        for (name, value) in other { all[name] = value }
        return Labels(all)
    }

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
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.lazy.map { Label($0.0, $0.1) })
    }
}

extension Labels: Comparable {
    /// The order in which Prometheus prints series: pair by pair, then the shorter one first.
    public static func < (a: Labels, b: Labels) -> Bool {
        a.pairs.lexicographicallyPrecedes(b.pairs)
    }
}

extension Labels: CustomStringConvertible {
    /// As in PromQL: `name{a="b", c="d"}`; values are quoted as Go's `%q` does, and names where they must be.
    public var description: String {
        let rest = pairs.filter { $0.name != Labels.metricName }
        let name = self.name ?? ""
        let isPlain = name.isClassicName(colons: true)
        if rest.isEmpty && isPlain { return name }
        var parts = rest.map {
            "\($0.name.isClassicName(colons: false) ? $0.name : $0.name.quotedAsInGo)=\($0.value.quotedAsInGo)"
        }
        if !isPlain, !name.isEmpty { parts.insert(name.quotedAsInGo, at: 0) }
        return (isPlain ? name : "") + "{" + parts.joined(separator: ", ") + "}"
    }
}

extension String {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`, what a name needs so as to stand without quotes; metrics' names may have colons too.
    fileprivate func isClassicName(colons: Bool) -> Bool {
        guard let first = utf8.first, !(first >= 0x30 && first <= 0x39) else { return false }
        return utf8.allSatisfy {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5f
                || (colons && $0 == 0x3a)
        }
    }
}
