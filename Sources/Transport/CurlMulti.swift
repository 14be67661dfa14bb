import CCurl
import Platform
import Samples

/// One of libcurl's multi handles, with its connections. Only used by the thread of its loop.
final class CurlMulti {
    let handle: UnsafeMutableRawPointer
    unowned let loop: CurlLoop
    /// When libcurl wants to be called with CURL_SOCKET_TIMEOUT.
    var deadline: Instant?

    /// - Returns: nil if there is no memory for it.
    init?(_ loop: CurlLoop) {
        guard let handle = curl_multi_init() else { return nil }
        self.handle = handle
        self.loop = loop
        // HTTP/2 is off: for a thousand polled targets it takes half as much memory again.
        vw_multi_set_long(handle, CURLMOPT_PIPELINING, 0)
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard vw_multi_callbacks(handle, CurlLoop.onSocket, CurlLoop.onTimer, context) == CURLM_OK else {
            curl_multi_cleanup(handle)
            return nil
        }
    }

    /// Closes its connections, of which libcurl tells by callbacks: it can't be done by `deinit`.
    func close() { curl_multi_cleanup(handle) }
}

/// The multi handles of a loop. At the end of each transfer libcurl 7.88 looks through the connections of its handle for
/// the one that was used (`close_connect_only` in multi.c): with one handle for a thousand nodes that was a tenth of all
/// CPU. So there is another one for every `originsPerHandle` origins; an origin stays with its own, which has its
/// connections.
struct CurlMultis {
    private static let originsPerHandle = 128
    /// Each keeps a copy of the authorities' certificates.
    private static let handleLimit = 8
    /// Origins that are remembered.
    private static let originLimit = 4096

    private(set) var all: [CurlMulti] = []
    private var byOrigin: [String: CurlMulti] = [:]
    private var bySocket: [Int32: CurlMulti] = [:]
    private var connectionLimit: Int

    /// - Parameter connectionLimit: see `CurlTransportOptions.idleConnectionLimit`.
    init(connectionLimit: Int) { self.connectionLimit = connectionLimit }

    /// When libcurl wants to be called next.
    var deadline: Instant? { all.lazy.compactMap(\.deadline).min() }

    /// The handle of an origin.
    /// - Parameter isKept: whether an origin has a connection, so that it must stay with its handle.
    /// - Returns: nil if there is no memory for the first.
    mutating func handle(for origin: String, _ loop: CurlLoop, isKept: (String) -> Bool) -> CurlMulti? {
        if let known = byOrigin[origin] { return known }
        if byOrigin.count >= CurlMultis.originLimit { byOrigin = byOrigin.filter { isKept($0.key) } }
        let index = byOrigin.count / CurlMultis.originsPerHandle % CurlMultis.handleLimit
        if index >= all.count, let new = CurlMulti(loop) {
            all.append(new)
            limitConnections(connectionLimit)
        }
        let found = index < all.count ? all[index] : all.last
        if byOrigin.count < CurlMultis.originLimit { byOrigin[origin] = found }
        return found
    }

    /// CURLMOPT_MAXCONNECTS(3) also counts the connections in use; one more closes the least recently used idle one.
    /// Several handles have twice their part each, since their origins need not have equally many.
    mutating func limitConnections(_ limit: Int) {
        connectionLimit = limit
        let part = all.count > 1 ? limit / all.count * 2 : limit
        for multi in all { vw_multi_set_long(multi.handle, CURLMOPT_MAXCONNECTS, min(max(part, 1), 1 << 20)) }
    }

    /// The handle whose connection has the socket.
    func handle(of socket: Int32) -> CurlMulti? { bySocket[socket] }
    mutating func watch(_ socket: Int32, _ multi: CurlMulti) { bySocket[socket] = multi }
    mutating func unwatch(_ socket: Int32) { bySocket[socket] = nil }
}
