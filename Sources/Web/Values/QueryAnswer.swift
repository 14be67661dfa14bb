import Samples

/// What an expression came to.
package enum QueryAnswer: Sendable {
    case scalar(Point)
    case string(String, at: Timestamp)
    /// Each series with one point.
    case vector([(labels: Labels, point: Point)])
    case matrix([Series])
}

/// Why there is no answer, in the words of Prometheus' API.
package struct QueryError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case timeout
        case canceled
        case notFound = "not_found"
        case unavailable
        case `internal`

        var status: Int {
            switch self {
            case .badData: 400
            case .execution: 422
            case .timeout, .unavailable: 503
            case .canceled: 499
            case .notFound: 404
            case .internal: 500
            }
        }
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
