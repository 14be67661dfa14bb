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

    /// `[1435781430.781,"1.5"]`, a sample as Prometheus' API writes it: with an exponent below 1e-6 and from 1e21 on, where
    /// its pages of metrics have one below 1e-4 already. Source: prometheus, util/jsonutil, `MarshalFloat`.
    mutating func point(_ milliseconds: Int64, _ value: Double) {
        guard !isStopped else { return }
        let text = (1e-6..<1e-4).contains(value.magnitude) ? goFormatPlain(value) : goFormat(value)
        raw("[\(goFormatPlain(Double(milliseconds) / 1000)),\"\(text)\"]")
    }
}
