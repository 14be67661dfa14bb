import Foundation
import Lab
import Synchronization
import TestServers
import Testing
import Transport
import WebSocket

/// `wss://`, with a server whose TLS is Python's. The system's authorities are those that `SSL_CERT_FILE` names, which
/// OpenSSL reads at each connection: SSL_CTX_set_default_verify_paths(3).
@Suite(.serialized) struct WebSocketTLSTests {
    private static func trusting<T>(_ file: String?, _ body: () async throws -> T) async throws -> T {
        let before = ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
        func set(_ value: String?) {
            if let value { setenv("SSL_CERT_FILE", value, 1) } else { unsetenv("SSL_CERT_FILE") }
        }
        set(file)
        defer { set(before) }
        return try await body()
    }

    /// Larger than a record of TLS.
    private static let large = "echo " + String(repeating: "a", count: 40_000)

    /// Answers the first message, and listens for another.
    private static func converse(_ app: SlackApp, host: String = "127.0.0.1") async throws(WebSocketError) -> [String] {
        let heard = Mutex<[String]>([])
        let url = app.url.replacing("https", with: "wss").replacing("127.0.0.1", with: host) + "/link?ticket=t1ck3t"
        try await NIOWebSocketClient().converse(url, timeout: .seconds(10)) { message in
            let count = heard.withLock { heard in
                heard.append(message)
                return heard.count
            }
            return count == 1 ? [large] : nil
        }
        return heard.withLock { $0 }
    }

    @Test func aConversationOverTLS() async throws {
        let authority = try await CertificateAuthority()
        let app = try await SlackApp.start(certificate: try await authority.issue("slack"))
        for host in ["127.0.0.1", "localhost"] {
            let heard = try await Self.trusting(authority.certificateFile) { try await Self.converse(app, host: host) }
            #expect(heard.count == 2 && heard.last == Self.large)
        }
        await app.stop()
    }

    @Test func certificatesThatAreRefused() async throws {
        let authority = try await CertificateAuthority()
        let other = try await CertificateAuthority()
        func refusal(
            _ certificate: CertificateAuthority.Certificate, trusting file: String, host: String = "127.0.0.1"
        ) async throws -> String {
            let app = try await SlackApp.start(certificate: certificate)
            let error = await #expect(throws: WebSocketError.self) {
                try await Self.trusting(file) { try await Self.converse(app, host: host) }
            }
            await app.stop()
            return error?.description ?? ""
        }
        let good = try await authority.issue("good")
        #expect(
            try await refusal(good, trusting: other.certificateFile)
                == "certificate verify failed: unable to get local issuer certificate")
        let expired = try await authority.issue("expired", validity: .expired)
        #expect(
            try await refusal(expired, trusting: authority.certificateFile)
                == "certificate verify failed: certificate has expired")
        let named = try await authority.issue("named", hosts: ["DNS:localhost"])
        #expect(
            try await refusal(named, trusting: authority.certificateFile)
                == "certificate verify failed: IP address mismatch")
        let numbered = try await authority.issue("numbered", hosts: ["IP:127.0.0.1"])
        #expect(
            try await refusal(numbered, trusting: authority.certificateFile, host: "localhost")
                == "certificate verify failed: hostname mismatch")
    }
}
