/// The Levenshtein distance: how many bytes must be inserted, deleted or replaced to turn `a` into `b`.
/// Used for "did you mean" hints. Takes time in proportion to `a.count * b.count`, so callers bound the lengths.
package func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
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
