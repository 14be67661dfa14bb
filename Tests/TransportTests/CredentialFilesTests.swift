import Foundation
import Lab
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Testing

@testable import Transport

struct CredentialFilesTests {
    /// Files that a test changes, or whose mount is dead.
    private final class Mount: FileAccess {
        let texts = Mutex<[String: String]>([:])
        let isDead = Mutex(false)

        private func error(_ path: String) -> FileError { FileError(path: path, reason: "No such file or directory") }
        func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
            if isDead.withLock({ $0 }) { throw FileError(path: path, reason: "does not answer", isStuck: true) }
            guard let text = texts.withLock({ $0[path] }) else { throw error(path) }
            return Array(text.utf8)
        }
        func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
            (try read(path, limit: limit), Timestamp(milliseconds: 0))
        }
        func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) { throw error(path) }
        func glob(_ pattern: String) -> [String] { [] }
        func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw error(path) }
        func makePrivate(_ path: String) throws(FileError) { throw error(path) }
        func rename(_ path: String, to new: String) throws(FileError) { throw error(path) }
        func remove(_ path: String) throws(FileError) { throw error(path) }
    }

    private let mount = Mount()
    private let time = VirtualTime()

    private func files() -> CredentialFiles {
        CredentialFiles(
            Platform(time: time, random: SystemRandom(), files: mount, log: Logger(label: "test")))
    }

    private func put(_ path: String, _ text: String?) { mount.texts.withLock { $0[path] = text } }

    @Test func newFilesCountAtOnce() async throws {
        var tls = TLSOptions()
        tls.caFile = "/ca"
        tls.certificateFile = "/cert"
        let files = files()
        for text in ["one", "two"] {
            // The requests of one second share what was read.
            time.move(to: time.monotonic() + .seconds(1))
            put("/ca", "ca " + text)
            put("/cert", "cert and key " + text)
            let loaded = try await files.load(tls, "https://a:1")
            #expect(loaded.ca == "ca " + text && loaded.certificate == "cert and key " + text)
            // Where no file of the key's own is named, it is in that of the certificate.
            #expect(try loaded.key?.reveal(mount) == "cert and key " + text)
            #expect(loaded.caFile == nil && loaded.certificateFile == nil && loaded.keyFile == nil)
        }
    }

    @Test func aFileThatIsMissingForAMomentFailsNothing() async throws {
        var tls = TLSOptions()
        tls.caFile = "/ca"
        let files = files()
        let options = tls
        await #expect(throws: TransportError.self) { try await files.load(options, "https://a:1") }
        put("/ca", "one")
        #expect(try await files.load(tls, "https://a:1").ca == "one")
        put("/ca", nil)
        #expect(try await files.load(tls, "https://a:1").ca == "one")
        time.move(to: time.monotonic() + .seconds(300))
        let error = await #expect(throws: TransportError.self) { try await files.load(options, "https://a:1") }
        #expect(error?.reason == .tls && error?.isUnsent == true)
        #expect(error?.message == "https://a:1: /ca: No such file or directory")
    }

    /// What is known of a certificate outlives its mount; a secret is never kept.
    @Test func aDeadMountTakesNoCertificateAway() async throws {
        var tls = TLSOptions()
        tls.caFile = "/ca"
        let files = files()
        put("/ca", "one")
        put("/password", "p")
        let credentials = MailRequest.Credentials.password(
            username: "u", password: Secret(file: "/password"), mechanisms: [])
        #expect(try await files.load(tls, "https://a:1").ca == "one")
        guard case .password(_, let password, _) = try await files.load(credentials, "smtp://a:25") else {
            Issue.record("no password")
            return
        }
        #expect(try password.reveal(mount) == "p")
        mount.isDead.withLock { $0 = true }
        time.move(to: time.monotonic() + .seconds(86_400))
        #expect(try await files.load(tls, "https://a:1").ca == "one")
        let error = await #expect(throws: TransportError.self) { try await files.load(credentials, "smtp://a:25") }
        #expect(error?.reason == .auth)
    }

    /// libcurl itself would wait for its writer, and with it every transfer.
    @Test func aFIFOInPlaceOfACertificateHoldsNoTransfer() async throws {
        let folder = try TemporaryDirectory()
        try #require(mkfifo(folder.file("ca"), 0o600) == 0)
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let transport = CurlTransport.test()
        var request = HTTPRequest(url: "https://127.0.0.1:1/")
        request.tls.caFile = folder.file("ca")
        let trapped = request
        let error = await #expect(throws: TransportError.self) { try await transport.send(trapped) }
        #expect(error?.reason == .tls)
        #expect(error?.message.hasSuffix("is a FIFO (named pipe); expected a regular file") == true)
        #expect(try await transport.send(HTTPRequest(url: server.url)).text == "x")
        let pool = PostgresPool(platform: .real(log: Logger(label: "test")))
        let parameters = ["host": "127.0.0.1", "port": "1", "sslmode": "verify-full", "sslrootcert": folder.file("ca")]
        let connection = pool.connection(to: PostgresOptions(parameters: parameters))
        let refused = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(refused?.reason == .tls && refused?.message.contains("is a FIFO") == true)
        pool.close()
    }

    @Test func whoAskedForNoVerificationIsToldWhatToWrite() {
        var options = PostgresOptions(parameters: ["host": "pg-1"])
        let error = PostgresError(.tls, "SSL error: certificate verify failed")
        #expect(error.advising(options) == error)
        options.isVerifiedByDefault = true
        #expect(
            error.advising(options).message.hasSuffix(
                "sslmode: require to encrypt without verifying, or sslmode: disable"))
        let other = PostgresError(.auth, "no")
        #expect(other.advising(options) == other)
    }
}
