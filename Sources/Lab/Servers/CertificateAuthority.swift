package import Platform

/// A certificate authority for a demo or test, created with openssl(1) in its own directory.
package final class CertificateAuthority: Sendable {
    /// A server's certificate chain and key, as PEM files.
    package struct Certificate: Hashable, Sendable {
        /// The certificate chain.
        package let certificateFile: String
        /// The private key.
        package let keyFile: String

        /// A certificate in files.
        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// The validity of a certificate.
    package enum Validity: Hashable, Sendable {
        /// Valid from now on, for a number of days.
        case days(Int)
        /// Expired a day ago.
        case expired
    }

    private let directory: TemporaryDirectory
    /// The authority's own certificate, for clients to trust.
    package var certificateFile: String { directory.file("ca.pem") }

    /// Creates the authority.
    /// - Throws: `ChildProcessError` with openssl's message.
    package init() async throws(ChildProcessError) {
        directory = try TemporaryDirectory()
        try await ChildProcess.run(
            "openssl",
            CertificateAuthority.newKey + [
                "-x509", "-keyout", directory.file("ca.key"), "-out", directory.file("ca.pem"), "-days", "3650",
                "-subj", "/CN=vaultwatch lab CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            ])
    }

    /// Issues a server certificate.
    /// - Parameters:
    ///   - name: the name of the files and the subject; unique for the authority.
    ///   - hosts: subject alternative names such as `DNS:localhost` and `IP:127.0.0.1`; for another host than the
    ///     server's, clients must refuse the certificate.
    /// - Throws: `ChildProcessError` with openssl's message.
    package func issue(
        _ name: String, hosts: [String] = ["DNS:localhost", "IP:127.0.0.1"], validity: Validity = .days(90)
    ) async throws(ChildProcessError) -> Certificate {
        let files = Certificate(certificateFile: directory.file("\(name).pem"), keyFile: directory.file("\(name).key"))
        let request = directory.file("\(name).csr")
        try await ChildProcess.run(
            "openssl",
            CertificateAuthority.newKey + [
                "-new", "-keyout", files.keyFile, "-out", request, "-subj", "/CN=\(name)",
            ])
        let extensions = try directory.write(
            "\(name).ext",
            """
            subjectAltName = \(hosts.joined(separator: ","))
            basicConstraints = critical,CA:FALSE
            keyUsage = critical,digitalSignature
            extendedKeyUsage = serverAuth,clientAuth

            """)
        let days =
            switch validity {
            case .days(let days): days
            case .expired: -1
            }
        try await ChildProcess.run(
            "openssl",
            [
                "x509", "-req", "-in", request, "-CA", certificateFile, "-CAkey", directory.file("ca.key"),
                "-CAcreateserial",
                "-out", files.certificateFile, "-days", String(days), "-sha256", "-extfile", extensions,
            ])
        return files
    }

    private static let newKey = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
}
