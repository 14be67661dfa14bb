import CSSL

/// The settings of TLS connections, with their certificates and key: OpenSSL's `SSL_CTX`, SSL_CTX_new(3).
///
/// `@unchecked Sendable`: after `init` nothing is changed, and connections of several threads may be made from one
/// context.
package final class TLSContext: @unchecked Sendable {
    /// The versions that are spoken; older ones are not.
    package enum Version: Sendable {
        case tls12
        case tls13

        fileprivate var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
    }

    /// Which certificates clients must show.
    package enum ClientCertificates: Sendable, Hashable {
        /// None is requested.
        case none
        /// One is requested. Without one the client is served; one that is shown is verified if `isVerified`.
        case requested(isVerified: Bool)
        /// One is required, and verified if `isVerified`.
        case required(isVerified: Bool)
    }

    let pointer: OpaquePointer

    /// Forward secrecy and authenticated encryption alone, for TLS 1.2; those of TLS 1.3 are all so. ciphers(1).
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"

    /// Of a peer's chain.
    private static let certificatesLimitBytes = 32 << 10

    private init(_ method: OpaquePointer?, minimum: Version, maximum: Version) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(method) else { throw TLSError.last() }
        self.pointer = pointer
        guard vw_ssl_set_versions(pointer, minimum.number, maximum.number) == 1,
            SSL_CTX_set_cipher_list(pointer, TLSContext.ciphers) == 1
        else { throw TLSError.last() }
        vw_ssl_never_renegotiate(pointer)
        vw_ssl_ask_no_passphrase(pointer)
        vw_ssl_keep_little(pointer)
        vw_ssl_limit_certificates(pointer, TLSContext.certificatesLimitBytes)
    }

    deinit { SSL_CTX_free(pointer) }

    /// The settings of a server of HTTP/1.1.
    /// - Parameters:
    ///   - certificateFile: its certificate and the intermediates, PEM.
    ///   - keyFile: the private key, PEM.
    ///   - authorityFile: the authorities of clients' certificates, PEM; nil for those of the system.
    /// - Throws: `TLSError` naming the file.
    package convenience init(
        certificateFile: String, keyFile: String, authorityFile: String?, clients: ClientCertificates,
        minimum: Version = .tls12, maximum: Version = .tls13
    ) throws(TLSError) {
        try self.init(TLS_server_method(), minimum: minimum, maximum: maximum)
        guard SSL_CTX_use_certificate_chain_file(pointer, certificateFile) == 1 else {
            throw TLSError("\(certificateFile): not a readable PEM certificate")
        }
        ERR_clear_error()
        guard SSL_CTX_use_PrivateKey_file(pointer, keyFile, SSL_FILETYPE_PEM) == 1 else {
            switch vw_ssl_error_reason(ERR_peek_last_error()) {
            case X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH:
                throw TLSError("\(keyFile): not the key of the certificate in \(certificateFile)")
            default: throw TLSError("\(keyFile): not a readable PEM key without a passphrase")
            }
        }
        // Without it a client with a certificate can't resume its session.
        let name = Array("vaultwatch".utf8)
        SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
        vw_ssl_speak_http1(pointer)
        if let authorityFile {
            guard SSL_CTX_load_verify_locations(pointer, authorityFile, nil) == 1,
                let names = SSL_load_client_CA_file(authorityFile)
            else { throw TLSError("\(authorityFile): not a readable PEM certificate") }
            SSL_CTX_set_client_CA_list(pointer, names)
        } else if clients == .requested(isVerified: true) || clients == .required(isVerified: true) {
            SSL_CTX_set_default_verify_paths(pointer)
        }
        switch clients {
        case .none: SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        case .requested(let isVerified):
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
            if !isVerified { vw_ssl_accept_any_certificate(pointer) }
        case .required(let isVerified):
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            if !isVerified { vw_ssl_accept_any_certificate(pointer) }
        }
    }

    /// The settings of a client that trusts the system's authorities.
    package static func client() throws(TLSError) -> TLSContext {
        let context = try TLSContext(TLS_client_method(), minimum: .tls12, maximum: .tls13)
        SSL_CTX_set_default_verify_paths(context.pointer)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        return context
    }
}

/// Why TLS could not be set up, or a handshake failed.
package struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, with the name of a file that is.
    package let description: String

    init(_ description: String) { self.description = description }

    /// OpenSSL's newest error of this thread, which it clears with all others; ERR_get_error(3).
    static func last(_ otherwise: String = "TLS failed") -> TLSError {
        let error = ERR_peek_last_error()
        ERR_clear_error()
        guard error != 0, let reason = ERR_reason_error_string(error) else { return TLSError(otherwise) }
        return TLSError(String(cString: reason))
    }
}
