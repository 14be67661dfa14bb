import Text

/// URL encoding as Signature Version 4 requires. Source: RFC 3986, section 2.3; Amazon S3 API Reference,
/// "Authenticating Requests (AWS Signature Version 4)", UriEncode.
enum S3Encoding {
    /// Sorted by encoded name, then value: libcurl 7.88 signs the query unchanged.
    static func query(_ parameters: [(String, String)]) -> String {
        parameters.map { (PercentCoding.encode($0.0), PercentCoding.encode($0.1)) }
            .sorted {
                Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8))
                    || ($0.0 == $1.0 && Array($0.1.utf8).lexicographicallyPrecedes(Array($1.1.utf8)))
            }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// A key under `encoding-type=url`, where `+` is a space; nil if the encoding is invalid.
    static func decode(_ text: String) -> String? { PercentCoding.decode(text[...], plusIsSpace: true) }

    /// An entity tag without its quotes, and without the mark of a weak one. Source: RFC 9110, 8.8.3.
    static func etag(_ text: String) -> String {
        (text.hasPrefix("W/") ? text.dropFirst(2) : text[...]).filter { $0 != "\"" }
    }
}
