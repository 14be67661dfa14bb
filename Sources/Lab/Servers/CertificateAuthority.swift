/// A certificate authority for one demo or test, made with openssl(1) in a directory of its own.
package final class CertificateAuthority: Sendable {
    /// A server's certificate chain and key, as PEM files.
    package struct Certificate: Hashable, Sendable {
        package let certificateFile: String
        package let keyFile: String
    }

    /// How a certificate is good or bad.
    package enum Validity: Hashable, Sendable {
        /// From now on.
        case days(Int)
        /// Its end lies a day back.
        case expired
    }

    private let directory: TemporaryDirectory
    /// The authority's own certificate, for clients to trust.
    package var certificateFile: String { directory.file("ca.pem") }

    /// - Throws: `ChildProcessError` with what openssl said.
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
    ///   - name: names the files and the subject; unique per authority.
    ///   - hosts: subject alternative names, as `DNS:localhost` and `IP:127.0.0.1`; a host that is not the
    ///     server's makes a certificate that clients must refuse.
    /// - Throws: `ChildProcessError` with what openssl said.
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
