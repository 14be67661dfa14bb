import TLS

extension ServerTLS {
    /// Loads the files and checks that the key belongs to the certificate.
    /// - Throws: `ServerError` naming the file.
    func context() throws(ServerError) -> TLSContext {
        do {
            return try TLSContext(
                certificateFile: certificateFile, keyFile: keyFile, authorityFile: clientCAFile,
                clients: clientCertificates, minimum: minimumVersion == .tls13 ? .tls13 : .tls12,
                maximum: maximumVersion == .tls12 ? .tls12 : .tls13)
        } catch {
            throw ServerError(error.description)
        }
    }

    /// As in Go, `RequestClientCert` and `RequireAnyClientCert` verify nothing.
    private var clientCertificates: TLSContext.ClientCertificates {
        switch clientAuthentication {
        case .none: .none
        case .request: .requested(isVerified: false)
        case .requireAny: .required(isVerified: false)
        case .verifyIfGiven: .requested(isVerified: true)
        case .requireAndVerify: .required(isVerified: true)
        }
    }
}
