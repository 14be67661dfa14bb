import Delivery
import Platform
import YAML

extension ParsingContext {
    /// Parses `http_headers` as Prometheus has it: names with `values`, `secrets` and `files`.
    func headers(_ node: Node) -> [HTTPClientOptions.Header] {
        guard let pairs = node.mapping else {
            errors.add(node.position, "http_headers: expected a mapping, found \(node.kind)")
            return []
        }
        return pairs.flatMap { name, value -> [HTTPClientOptions.Header] in
            guard EmailHeaders.isFieldName(name.text) else {
                errors.add(name.position, "\"\(name.text)\" is not a header name")
                return []
            }
            // The misplaced value may be the secret itself, so the error does not repeat it.
            guard value.mapping != nil else {
                errors.add(value.position, "\(name.text): expected a mapping of values, secrets, files")
                return []
            }
            var header = Fields(value, errors, "a header")
            let plain = header.strings("values").map { Secret(value: $0) }
            let secrets =
                header.strings("secrets").map { Secret(value: $0) }
                + header.strings("files").map { Secret(file: path($0, at: value.position)) }
            header.finish()
            return plain.map { .init(name: name.text, value: $0) }
                + secrets.map { secret in
                    var header = HTTPClientOptions.Header(name: name.text, value: secret)
                    header.isSecret = true
                    return header
                }
        }
    }
}
