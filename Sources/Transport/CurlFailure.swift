import CCurl
import Glibc

/// Maps libcurl's result codes to a bounded set of reasons and to messages without secrets. Source: libcurl-errors(3).
enum CurlFailure {
    /// - Parameters:
    ///   - detail: CURLOPT_ERRORBUFFER's text.
    ///   - origin: scheme, host and port; never the path or the query.
    ///   - answered: whether the answer's headers were complete.
    ///   - systemError: why the last connect failed, errno(3); 0 if unknown.
    static func error(
        _ code: CURLcode, detail: String, origin: String, answered: Bool, systemError: Int = 0
    ) -> TransportError {
        let reason: TransportError.Reason =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
            case CURLE_COULDNT_CONNECT where noRoute.contains(systemError): .unreachable
            case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED,
                CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS,
                CURLE_SSL_CLIENTCERT:
                .tls
            case CURLE_PARTIAL_FILE, CURLE_FILESIZE_EXCEEDED: .body
            case CURLE_RECV_ERROR: answered ? .body : .reset
            case CURLE_SEND_ERROR, CURLE_GOT_NOTHING: .reset
            case CURLE_LOGIN_DENIED, CURLE_AUTH_ERROR: .auth
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2,
                CURLE_HTTP_RETURNED_ERROR:
                .http
            case CURLE_ABORTED_BY_CALLBACK: .cancelled
            default: .other
            }
        var text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        if reason == .unreachable, let number = Int32(exactly: systemError) {
            text += ": " + String(cString: strerror(number))
        }
        return TransportError(reason, "\(origin): \(text)")
    }

    /// ip(7), icmp(7).
    private static let noRoute: Set<Int> = [Int(ENETUNREACH), Int(EHOSTUNREACH), Int(ENETDOWN), Int(EHOSTDOWN)]
}
