package import Samples

/// The result of a query.
package enum QueryAnswer: Sendable {
    /// A number and its time.
    case scalar(Point)
    /// A string and its time.
    case string(String, at: Timestamp)
    /// Series with one point each.
    case vector([(labels: Labels, point: Point)])
    /// Series with any number of points.
    case matrix([Series])
}

/// Why a query failed, with the error types of Prometheus' API.
package struct QueryError: Error, Sendable, Hashable {
    /// The `errorType` of Prometheus' API. Source: prometheus, web/api/v1/api.go.
    package enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case timeout
        case canceled
        case notFound = "not_found"
        case unavailable
        case `internal`

        /// The HTTP status.
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

    /// The error type.
    package let kind: Kind
    /// What went wrong, for the client.
    package let message: String

    /// An error with its type and message.
    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
