import Samples
import Text

/// "; did you mean …?" for a misspelt word, or nothing where no candidate is near.
func suggestion(for word: String, among candidates: some Sequence<String>) -> String {
    let a = Array(word.lowercased().utf8)
    guard a.count <= 64 else { return "" }
    let most = a.count < 5 ? 1 : 2
    var best: (word: String, cost: Int)?
    for candidate in candidates.sorted() {
        let b = Array(candidate.utf8)
        guard abs(a.count - b.count) <= most else { continue }
        let distance = editDistance(a, b)
        guard distance <= most else { continue }
        // Among equals one that goes on from what was written: rat is rate rather than rad.
        let cost = 2 * distance - (b.starts(with: a) ? 1 : 0)
        if cost < best?.cost ?? .max { best = (candidate, cost) }
    }
    return best.map { "; did you mean \"\($0.word)\"?" } ?? ""
}
