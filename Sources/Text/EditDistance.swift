/// The Levenshtein distance: how many bytes must be inserted, deleted or replaced to turn `a` into `b`.
/// Used for "did you mean" hints. Takes time in proportion to `a.count * b.count`, so callers bound the lengths.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let next = min(row[j + 1] + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
            diagonal = row[j + 1]
            row[j + 1] = next
        }
    }
    return row[b.count]
}

/// The candidate nearest to a word, for "did you mean": at most two edits away, or one for words shorter than five
/// bytes; nil where none is that near. Among equally near ones, one that starts with the word is preferred: for `rat`,
/// `rate` rather than `rad`.
package func nearest(_ word: String, in candidates: some Sequence<String>) -> String? {
    let a = Array(word.utf8)
    guard a.count <= 64 else { return nil }
    let distanceLimit = a.count < 5 ? 1 : 2
    var best: (word: String, cost: Int)?
    for candidate in candidates.sorted() {
        let b = Array(candidate.utf8)
        guard (a.count - b.count).magnitude <= distanceLimit else { continue }
        let distance = editDistance(a, b)
        guard distance <= distanceLimit else { continue }
        let cost = 2 * distance - (b.starts(with: a) ? 1 : 0)
        if cost < best?.cost ?? .max { best = (candidate, cost) }
    }
    return best?.word
}
