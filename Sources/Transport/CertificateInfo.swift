import CCurl
import CPostgres
import Platform
import Samples

/// How long a server's certificate is valid for clients that verify it as we do.
struct CertificateInfo: Hashable, Sendable {
    /// The earliest `notAfter` of the chain by which the certificate was verified, from the server's own to a trusted
    /// root. Does not include an expired certificate that the server sends in addition, such as that of a cross-signed
    /// root.
    var expiry: Timestamp
    /// From the start of the server's own certificate to `expiry`; nil if it cannot be read.
    var lifetime: Duration?

    /// For the connection that a transfer has just got; nil without TLS.
    static func current(_ easy: UnsafeMutableRawPointer) -> CertificateInfo? {
        validity { vw_certificate_validity(easy, $0, $1) } ?? ownExpiry(easy).map { CertificateInfo(expiry: $0) }
    }

    /// For an established connection to PostgreSQL; nil without TLS, or if libpq does not use OpenSSL.
    /// Source: PostgreSQL manual, "Connection Status Functions", PQsslStruct.
    static func current(postgres connection: OpaquePointer) -> CertificateInfo? {
        guard PQsslInUse(connection) == 1, let session = PQsslStruct(connection, "OpenSSL") else { return nil }
        return validity { vw_tls_validity(session, $0, $1) }
    }

    private static func validity(_ read: (UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>) -> Int32)
        -> CertificateInfo?
    {
        var begin: Int64 = 0
        var end: Int64 = 0
        guard read(&begin, &end) != 0 else { return nil }
        return CertificateInfo(
            expiry: Timestamp(seconds: Double(end)), lifetime: begin > 0 ? .seconds(end - begin) : nil)
    }

    /// The expiry of the server's own certificate, if libcurl was not built with OpenSSL: the first one in the list of
    /// CURLOPT_CERTINFO(3).
    private static func ownExpiry(_ easy: UnsafeMutableRawPointer) -> Timestamp? {
        var info: UnsafePointer<curl_certinfo>?
        guard vw_get_certificates(easy, &info) == CURLE_OK, let chain = info?.pointee, let lists = chain.certinfo,
            chain.num_of_certs > 0
        else { return nil }
        var entry = lists[0]
        while let current = entry {
            if let data = current.pointee.data, let expiry = expiry(String(cString: data)) { return expiry }
            entry = current.pointee.next
        }
        return nil
    }

    /// Parses `Expire date:Nov 24 00:05:40 2026 GMT`, OpenSSL's ASN1_TIME_print(3); nil for other lines.
    static func expiry(_ line: String) -> Timestamp? {
        let prefix = "Expire date:"
        guard line.hasPrefix(prefix) else { return nil }
        let words = line.dropFirst(prefix.count).split(separator: " ")
        guard words.count >= 4 else { return nil }
        return HTTPDate.make(
            day: String(words[1]), month: String(words[0]), year: String(words[3]), time: String(words[2]))
    }
}
