package import HTTPServer

/// What a request computes, by its potential cost: each kind has its own threads and limits, so that no query delays a
/// page.
package enum Computation: Sendable, Hashable {
    /// The work, which returns the whole answer.
    /// - Parameter isOver: whether the client has disconnected or the time is up, so that the work should end; cheap
    ///   enough to be called often.
    package typealias Work = @Sendable (_ isOver: @escaping @Sendable () -> Bool) -> ServerResponse

    /// An expression, or a search among all series.
    /// - Parameter timeout: the one that the client asks for, including time in the queue; nil for the maximum.
    case query(timeout: Duration?)
    /// Formatting data that is at hand.
    case page
    /// Parsing a posted body: one at a time, since a JSON decoder needs many times the size of the body.
    case body
}
