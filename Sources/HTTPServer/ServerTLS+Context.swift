import NIOCore
import NIOSSL

extension ServerTLS {
    /// Loads the files and checks that the key belongs to the certificate.
    /// - Throws: `ServerError` naming the file.
    func context() throws(ServerError) -> NIOSSLContext {
        let chain = try certificates(certificateFile)
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
            throw ServerError("\(keyFile): not a readable PEM key")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        configuration.maximumTLSVersion = maximumVersion == .tls12 ? .tlsv12 : .tlsv13
        configuration.applicationProtocols = ["http/1.1"]
        if let clientCAFile { configuration.trustRoots = .certificates(try certificates(clientCAFile)) }
        switch clientAuthentication {
        case .none: configuration.certificateVerification = .none
        case .request, .verifyIfGiven: configuration.certificateVerification = .optionalVerification
        case .requireAny, .requireAndVerify: configuration.certificateVerification = .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerError("\(certificateFile) and \(keyFile): \(error)")
        }
    }

    /// The TLS handler for one connection.
    func handler(_ context: NIOSSLContext) -> NIOSSLServerHandler {
        switch clientAuthentication {
        case .none, .verifyIfGiven, .requireAndVerify: NIOSSLServerHandler(context: context)
        // As in Go, a certificate is requested but not verified.
        case .request, .requireAny:
            NIOSSLServerHandler(
                context: context, customVerificationCallback: { _, verdict in verdict.succeed(.certificateVerified) })
        }
    }

    private func certificates(_ file: String) throws(ServerError) -> [NIOSSLCertificate] {
        guard let chain = try? NIOSSLCertificate.fromPEMFile(file), !chain.isEmpty else {
            throw ServerError("\(file): not a readable PEM certificate")
        }
        return chain
    }
}
