import CCurl
import Samples

/// What CURLOPT_CERTINFO(3) says of the server's certificate chain.
enum CertificateInfo {
    /// The soonest `notAfter` in the chain.
    static func earliestExpiry(_ easy: UnsafeMutableRawPointer) -> Timestamp? {
        var info: UnsafePointer<curl_certinfo>?
        guard vw_get_certificates(easy, &info) == CURLE_OK, let chain = info?.pointee, let lists = chain.certinfo else {
            return nil
        }
        var earliest: Timestamp?
        for index in 0..<Int(chain.num_of_certs) {
            var entry = lists[index]
            while let current = entry {
                if let data = current.pointee.data, let expiry = expiry(String(cString: data)) {
                    earliest = min(earliest ?? expiry, expiry)
                }
                entry = current.pointee.next
            }
        }
        return earliest
    }

    /// Reads `Expire date:Nov 24 00:05:40 2026 GMT`, OpenSSL's ASN1_TIME_print(3); nil for other lines.
    static func expiry(_ line: String) -> Timestamp? {
        let prefix = "Expire date:"
        guard line.hasPrefix(prefix) else { return nil }
        let words = line.dropFirst(prefix.count).split(separator: " ")
        guard words.count >= 4 else { return nil }
        return HTTPDate.make(
            day: String(words[1]), month: String(words[0]), year: String(words[3]), time: String(words[2]))
    }
}
