package import HTTPServer

/// What a request computes, by what it may cost: each kind has threads and bounds of its own, so that no query holds up
/// a page.
package enum Computation: Sendable, Hashable {
    /// The work, which returns the whole answer.
    /// - Parameter isOver: whether the client has gone or the time is over, so that the work should end; cheap enough
    ///   to be asked often.
    package typealias Work = @Sendable (_ isOver: @escaping @Sendable () -> Bool) -> ServerResponse

    /// An expression, or a search among all series.
    /// - Parameter timeout: as the client asks for, waiting included; nil for the longest there is.
    case query(timeout: Duration?)
    /// Writing down what is known already.
    case page
    /// Reading what was posted: one body at a time, since a reader of JSON takes many times its bytes.
    case body
}
