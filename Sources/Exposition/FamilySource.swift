package import Samples

/// A metric as on a `/metrics` page, whose samples are visited when they are written.
package struct FamilySource: Sendable {
    /// The metric's name; for counters with the `_total` of their samples.
    package let name: String
    /// The metric's type.
    package let kind: MetricFamily.Kind
    /// The `# HELP` text, unescaped.
    package let help: String
    /// In how many parts its samples come.
    package let parts: Int
    /// Visits the samples of a part, in the order of the page: labels with `__name__`, value, and time where the page
    /// gives one.
    package let visit: @Sendable (_ part: Int, _ sample: (Labels, Double, Timestamp?) -> Void) -> Void

    private static let samplesPerPart = 256

    /// A family from its parts.
    package init(
        _ name: String, _ kind: MetricFamily.Kind, help: String, parts: Int,
        visit: @escaping @Sendable (_ part: Int, _ sample: (Labels, Double, Timestamp?) -> Void) -> Void
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.parts = parts
        self.visit = visit
    }

    /// A family that is there as a whole.
    package init(_ family: MetricFamily) {
        let size = FamilySource.samplesPerPart
        self.init(family.name, family.kind, help: family.help, parts: (family.samples.count + size - 1) / size) {
            part, body in
            for sample in family.samples.dropFirst(part * size).prefix(size) {
                body(sample.labels, sample.value, sample.timestamp)
            }
        }
    }

    /// The family with all its samples.
    package var family: MetricFamily {
        var family = MetricFamily(name, kind, help: help)
        for part in 0..<parts {
            visit(part) { family.samples.append(MetricFamily.Sample($0, $1, timestamp: $2)) }
        }
        return family
    }
}
