/// The series of samples that come again and again in the same order, such as a target's: to find them by their labels takes
/// longer than to append to them. The counterpart of the references in Prometheus' scrape cache. Belongs to one store,
/// under whose lock alone it is used.
package final class SeriesReferences: @unchecked Sendable {
    private var series: [MemorySeries?] = []

    /// No references yet.
    package init() {}

    /// Makes room for the series of so many samples; those of another number of samples are forgotten.
    func prepare(_ count: Int) {
        if series.count != count { series = Array(repeating: nil, count: count) }
    }

    /// The series of a sample, by its index; nil if it is not known, or no longer stored.
    subscript(index: Int) -> MemorySeries? {
        get { series[index].flatMap { $0.isRemoved ? nil : $0 } }
        set { if series[index] !== newValue { series[index] = newValue } }
    }
}
