import Exposition
import HTTPServer
import Synchronization

/// A page of metrics that is sent as it is written, in pieces; one that fits into a piece is sent at once.
final class MetricsPage: Sendable {
    private struct State {
        var writer: ExpositionWriter
        /// Pieces that are written and not sent, the first one last.
        var written: [[UInt8]]
        var gzip: GzipStream?

        mutating func next() -> [UInt8]? {
            while let piece = written.popLast() ?? writer.next() {
                guard let gzip else { return piece }
                // Nothing, until there is enough for a block.
                let compressed = gzip.add(piece)
                if !compressed.isEmpty { return compressed }
            }
            let end = gzip?.finish()
            gzip = nil
            return end
        }
    }

    private let state: Mutex<State>

    private init(_ state: sending State) { self.state = Mutex(state) }

    /// Writes the beginning.
    /// - Parameter isCompressed: whether the client takes gzip, which a page in pieces is compressed with; a short one is
    ///   left to the service.
    static func begin(_ writer: ExpositionWriter, isCompressed: Bool) -> ServerResponse {
        var writer = writer
        let first = writer.next() ?? []
        guard let second = writer.next() else { return ServerResponse(body: .bytes(first)) }
        let gzip = isCompressed ? GzipStream() : nil
        let headers = gzip == nil ? [] : [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        let page = MetricsPage(State(writer: writer, written: [second, first], gzip: gzip))
        // A piece takes less than a millisecond.
        return ServerResponse(headers: headers, body: .stream { page.state.withLock { $0.next() } })
    }
}
