import Platform
import Samples
import Synchronization

/// Certificates, keys and secrets, read before a transfer is passed to libcurl's thread, which must not wait for a
/// disk.
///
/// Secrets are read for each request, TLS files once per second, so that new ones take effect at once. If a TLS file
/// can't be read, the content of up to five minutes ago is used, so that a file that is briefly missing during its
/// rotation causes no failure; while its mount is dead, it is used indefinitely.
final class CredentialFiles: Sendable {
    private struct Text {
        var text: String
        var readAt: Instant
    }

    private static let limitBytes = 4 << 20
    private static let endurance = Duration.seconds(300)
    /// All nodes of a cluster are probed at the same moment, with the same files.
    private static let freshness = Duration.seconds(1)
    /// Files of this and earlier configurations.
    private static let countLimit = 256

    private let platform: Platform
    private let known = Mutex<[String: Text]>([:])

    init(_ platform: Platform) { self.platform = platform }

    /// The same options with texts in place of files.
    func load(_ tls: TLSOptions, _ origin: String) async throws(TransportError) -> TLSOptions {
        var loaded = tls
        if loaded.ca == nil, let file = tls.caFile { loaded.ca = try await text(file, origin) }
        if loaded.certificate == nil, let file = tls.certificateFile {
            loaded.certificate = try await text(file, origin)
        }
        if let key = tls.key {
            loaded.key = try await load(key, origin)
        } else if let file = tls.keyFile ?? tls.certificateFile {
            loaded.key = Secret(value: try await text(file, origin))
        }
        (loaded.caFile, loaded.certificateFile, loaded.keyFile) = (nil, nil, nil)
        return loaded
    }

    func load(_ signing: AWSSigning, _ origin: String) async throws(TransportError) -> AWSSigning {
        var loaded = signing
        loaded.accessKeyID = try await load(signing.accessKeyID, origin)
        loaded.secretAccessKey = try await load(signing.secretAccessKey, origin)
        if let token = signing.sessionToken { loaded.sessionToken = try await load(token, origin) }
        return loaded
    }

    func load(_ credentials: MailRequest.Credentials, _ origin: String) async throws(TransportError)
        -> MailRequest.Credentials
    {
        switch credentials {
        case .none: .none
        case .password(let username, let password, let mechanisms):
            .password(username: username, password: try await load(password, origin), mechanisms: mechanisms)
        case .oauthToken(let username, let token):
            .oauthToken(username: username, token: try await load(token, origin))
        }
    }

    private func load(_ secret: Secret, _ origin: String) async throws(TransportError) -> Secret {
        guard secret.path != nil else { return secret }
        do throws(FileError) { return Secret(value: try await secret.revealInTime(platform.files)) } catch {
            throw TransportError(Task.isCancelled ? .cancelled : .auth, "\(origin): no credential: \(error)").unsent
        }
    }

    private func text(_ path: String, _ origin: String) async throws(TransportError) -> String {
        let now = platform.time.monotonic()
        let last = known.withLock { $0[path] }
        if let last, now - last.readAt < CredentialFiles.freshness { return last.text }
        do throws(FileError) {
            let bytes = try await platform.files.readInTime(path, limit: CredentialFiles.limitBytes)
            let text = String(decoding: bytes, as: UTF8.self)
            known.withLock { known in
                if known.count >= CredentialFiles.countLimit { known = [:] }
                known[path] = Text(text: text, readAt: now)
            }
            return text
        } catch {
            if let last, error.isStuck || now - last.readAt < CredentialFiles.endurance { return last.text }
            throw TransportError(Task.isCancelled ? .cancelled : .tls, "\(origin): \(error)").unsent
        }
    }
}
