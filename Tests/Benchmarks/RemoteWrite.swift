import Samples

/// Prometheus' remote write, version 1, for filling a server's memory.
/// Source: Prometheus' manual, "Prometheus Remote-Write Specification 1.0"; google/snappy, format_description.txt.
enum RemoteWrite {
    /// The body of one request: all points of each series.
    static func body(_ series: some Sequence<Workload.Description>, _ workload: Workload) -> [UInt8] {
        var message: [UInt8] = []
        for one in series {
            var inner: [UInt8] = []
            for pair in one.labels.pairs {
                var label: [UInt8] = []
                field(1, Array(pair.name.utf8), &label)
                field(2, Array(pair.value.utf8), &label)
                field(1, label, &inner)
            }
            for index in 0..<Workload.points {
                var sample: [UInt8] = [1 << 3 | 1]
                withUnsafeBytes(of: one.value(index).bitPattern.littleEndian) { sample += $0 }
                sample.append(2 << 3)
                variable(UInt64(workload.time(index)), &sample)
                field(2, sample, &inner)
            }
            field(1, inner, &message)
        }
        // Snappy allows for data that were not compressed: one literal.
        var out: [UInt8] = []
        variable(UInt64(message.count), &out)
        out.append(63 << 2)
        withUnsafeBytes(of: UInt32(message.count - 1).littleEndian) { out += $0 }
        return out + message
    }

    private static func field(_ number: UInt8, _ bytes: [UInt8], _ out: inout [UInt8]) {
        out.append(number << 3 | 2)
        variable(UInt64(bytes.count), &out)
        out += bytes
    }

    private static func variable(_ value: UInt64, _ out: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }
}
