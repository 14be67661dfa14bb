import RemoteWrite
import Samples

extension Workload {
    /// The body of a remote write request that fills a server's memory: all points of each series.
    func body(_ series: some Sequence<Description>) -> [UInt8] {
        let whole = series.map { one in
            Series(one.labels, (0..<Workload.points).map { Point(t: time($0), v: one.value($0)) })
        }
        return Snappy.compress(WriteMessage.version1.encode(whole))
    }
}
