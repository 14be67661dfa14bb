package import Text

extension JSONWriter {
    /// Writes a member whose value is an object of labels, sorted by name.
    package mutating func field(_ name: String, _ labels: Labels) {
        key(name)
        object { map in for pair in labels.pairs { map.field(pair.name, pair.value) } }
    }
}
