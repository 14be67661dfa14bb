import Samples
import Text

extension JSONWriter {
    mutating func field(_ name: String, _ labels: Labels) {
        key(name)
        self.labels(labels)
    }

    /// `{"__name__":"up","job":"vault"}`
    mutating func labels(_ labels: Labels) {
        object { map in for pair in labels.pairs { map.field(pair.name, pair.value) } }
    }

    /// `[1435781430.781,"1.5"]`, a sample as Prometheus' API writes it.
    mutating func point(_ milliseconds: Int64, _ value: Double) {
        guard !isStopped else { return }
        raw("[\(goFormatPlain(Double(milliseconds) / 1000)),\"\(goFormat(value))\"]")
    }
}
