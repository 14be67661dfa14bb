package import Samples

/// The two messages of remote write, with what their requests are labelled as. The raw values are those of Prometheus'
/// `protobuf_message`.
///
/// Sources: prometheus/prometheus, prompb/remote.proto and prompb/types.proto; prompb/io/prometheus/write/v2/types.proto;
/// prometheus.io/docs/specs/prw/remote_write_spec and remote_write_spec_2_0.
package enum WriteMessage: String, Sendable, Hashable, CaseIterable {
    /// Remote write 1.0.
    case version1 = "prometheus.WriteRequest"
    /// Remote write 2.0: symbols once in a request, and metadata.
    case version2 = "io.prometheus.write.v2.Request"

    /// The headers that tell a server what the body is.
    var headers: [(name: String, value: String)] {
        let (type, version) =
            switch self {
            case .version1: ("application/x-protobuf", "0.1.0")
            case .version2: ("application/x-protobuf;proto=\(rawValue)", "2.0.0")
            }
        return [
            ("Content-Encoding", "snappy"), ("Content-Type", type), ("X-Prometheus-Remote-Write-Version", version),
        ]
    }

    /// The message, not compressed.
    /// - Parameters:
    ///   - series: each with its points in ascending order of time, and at least one.
    ///   - externalLabels: added to each series; a series' own label wins.
    ///   - metadata: what is known of a series by its name; only 2.0 has a place for it.
    package func encode(
        _ series: some Sequence<Series>, externalLabels: Labels = .empty,
        metadata: (String) -> SeriesMetadata? = { _ in nil }
    ) -> [UInt8] {
        switch self {
        case .version1: WriteMessage.encode1(series, externalLabels)
        case .version2: WriteMessage.encode2(series, externalLabels, metadata)
        }
    }

    /// WriteRequest { repeated TimeSeries timeseries = 1; }
    /// TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
    /// Label { string name = 1; string value = 2; }
    private static func encode1(_ series: some Sequence<Series>, _ external: Labels) -> [UInt8] {
        var (request, one, part) = (ProtobufWriter(), ProtobufWriter(), ProtobufWriter())
        for next in series {
            one.removeAll()
            for label in merged(next.labels, external) {
                part.removeAll()
                part.string(1, label.name)
                part.string(2, label.value)
                one.block(1, part.bytes)
            }
            samples(next.points, &one, &part)
            request.block(1, one.bytes)
        }
        return request.bytes
    }

    /// Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
    /// TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; Metadata metadata = 5; }
    /// Metadata { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
    private static func encode2(
        _ series: some Sequence<Series>, _ external: Labels, _ metadata: (String) -> SeriesMetadata?
    ) -> [UInt8] {
        var symbols = Symbols()
        var (body, one, part) = (ProtobufWriter(), ProtobufWriter(), ProtobufWriter())
        for next in series {
            one.removeAll()
            var references: [UInt8] = []
            for label in merged(next.labels, external) {
                ProtobufWriter.append(symbols.reference(label.name), to: &references)
                ProtobufWriter.append(symbols.reference(label.value), to: &references)
            }
            one.block(1, references)
            samples(next.points, &one, &part)
            part.removeAll()
            if let known = next.labels.name.flatMap(metadata) {
                part.unsigned(1, known.kind.rawValue)
                part.unsigned(3, symbols.reference(known.help))
                part.unsigned(4, symbols.reference(known.unit))
            }
            one.block(5, part.bytes)
            body.block(5, one.bytes)
        }
        var request = ProtobufWriter()
        for symbol in symbols.all { request.string(4, symbol) }
        return request.bytes + body.bytes
    }

    /// Sample { double value = 1; int64 timestamp = 2; }, the same in both versions.
    private static func samples(_ points: [Point], _ one: inout ProtobufWriter, _ part: inout ProtobufWriter) {
        for point in points {
            part.removeAll()
            part.double(1, point.v)
            part.signed(2, point.t)
            one.block(2, part.bytes)
        }
    }

    /// Both in one, sorted by name; an own label hides an external one.
    private static func merged(_ own: Labels, _ external: Labels) -> [Label] {
        guard !external.isEmpty else { return own.pairs }
        return (own.pairs + external.pairs.filter { own[$0.name] == nil }).sorted { $0.name < $1.name }
    }
}

/// What 2.0 says of a series beside its samples.
package struct SeriesMetadata: Sendable, Hashable {
    /// Metadata.MetricType, by its number.
    package enum Kind: UInt64, Sendable, Hashable {
        case unspecified = 0
        case counter = 1
        case gauge = 2
        case histogram = 3
        case summary = 5
    }

    /// The metric's type.
    package var kind: Kind
    /// Its help; empty if there is none.
    package var help: String
    /// Its unit, such as `seconds`, which its name has too; empty if it has none.
    package var unit: String

    /// Metadata of a metric, whose name tells the unit.
    package init(kind: Kind, help: String = "", name: String) {
        self.kind = kind
        self.help = help
        unit = SeriesMetadata.unit(of: name)
    }

    /// The base units of Prometheus and OpenMetrics that the names here end in.
    private static let units: Set<String> = ["seconds", "bytes", "ratio"]

    private static func unit(of name: String) -> String {
        let suffixes: Set<String> = ["total", "bucket", "sum", "count"]
        let words = name.split(separator: "_").reversed().drop { suffixes.contains(String($0)) }
        return words.first.map(String.init).flatMap { units.contains($0) ? $0 : nil } ?? ""
    }
}

/// The table of 2.0's strings. Its first element must be empty.
private struct Symbols {
    private(set) var all = [""]
    private var indices: [String: UInt64] = ["": 0]

    mutating func reference(_ text: String) -> UInt64 {
        if let index = indices[text] { return index }
        let index = UInt64(all.count)
        all.append(text)
        indices[text] = index
        return index
    }
}
