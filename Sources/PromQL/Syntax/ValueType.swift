/// What an expression gives. The raw values are Prometheus' words for it.
package enum ValueType: String, Hashable, Sendable {
    case scalar
    case string
    /// One value a series.
    case vector = "instant vector"
    /// A run of points a series.
    case matrix = "range vector"
}
