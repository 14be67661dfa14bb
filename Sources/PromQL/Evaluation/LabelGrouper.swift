import Samples

/// Groups label sets that agree on some of their labels. Only one label set is built per group, not one per member.
struct LabelGrouper {
    private let names: [String]
    private let isKeeping: Bool
    private var firstWithHash: [Int: Int] = [:]
    /// The next group with the same hash, or -1.
    private var next: [Int] = []
    /// By group: the labels on which its members agree.
    private(set) var keys: [Labels] = []

    /// - Parameters:
    ///   - names: the labels to group by (`by`, `on`) or to ignore (`without`, `ignoring`).
    ///   - isKeeping: whether `names` are the labels to group by.
    init(_ names: some Sequence<String>, isKeeping: Bool) {
        self.names = Array(Set(names))
        self.isKeeping = isKeeping
    }

    init(_ grouping: Grouping) {
        self.init(
            grouping.isWithout ? grouping.labels + [Labels.metricName] : grouping.labels, isKeeping: !grouping.isWithout
        )
    }

    init(_ matching: Matching) {
        self.init(matching.isOn ? matching.labels : matching.labels + [Labels.metricName], isKeeping: matching.isOn)
    }

    @inline(__always) private func isSignificant(_ name: String) -> Bool {
        for candidate in names where candidate == name { return isKeeping }
        return !isKeeping
    }

    /// The index of the group that the labels belong to; it is created where it does not exist.
    mutating func group(of labels: Labels) -> Int {
        if isKeeping, names.isEmpty {
            if keys.isEmpty { add(.empty, 0) }
            return 0
        }
        let hash = hash(labels)
        let first = firstWithHash[hash] ?? -1
        var candidate = first
        while candidate >= 0 {
            if agrees(labels, keys[candidate]) { return candidate }
            candidate = next[candidate]
        }
        return add(Labels(sorted: labels.pairs.filter { isSignificant($0.name) }), hash, before: first)
    }

    /// The index of the group that the labels belong to; nil where it does not exist.
    func existingGroup(of labels: Labels) -> Int? {
        if isKeeping, names.isEmpty { return keys.isEmpty ? nil : 0 }
        var candidate = firstWithHash[hash(labels)] ?? -1
        while candidate >= 0 {
            if agrees(labels, keys[candidate]) { return candidate }
            candidate = next[candidate]
        }
        return nil
    }

    @discardableResult private mutating func add(_ key: Labels, _ hash: Int, before: Int = -1) -> Int {
        keys.append(key)
        next.append(before)
        firstWithHash[hash] = keys.count - 1
        return keys.count - 1
    }

    private func hash(_ labels: Labels) -> Int {
        var hasher = Hasher()
        for pair in labels.pairs where isSignificant(pair.name) {
            hasher.combine(pair.name)
            hasher.combine(pair.value)
        }
        return hasher.finalize()
    }

    private func agrees(_ labels: Labels, _ key: Labels) -> Bool {
        var index = 0
        for pair in labels.pairs where isSignificant(pair.name) {
            guard index < key.pairs.count, key.pairs[index] == pair else { return false }
            index += 1
        }
        return index == key.pairs.count
    }
}
