/// The type of an expression's value. The raw values are Prometheus' names.
package enum ValueType: String, Hashable, Sendable {
    case scalar
    case string
    /// One value per series.
    case vector = "instant vector"
    /// A range of points per series.
    case matrix = "range vector"
}
