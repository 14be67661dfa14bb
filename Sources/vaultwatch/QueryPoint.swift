/// One point in an answer of Prometheus' query API: `[1764457200.5, "1"]`.
struct QueryPoint: Decodable {
    /// Seconds since the epoch.
    var time: Double
    /// The value as Prometheus writes it: `1`, `NaN`, `+Inf`.
    var value: String

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        time = try list.decode(Double.self)
        value = try list.decode(String.self)
    }
}
