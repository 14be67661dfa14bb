package import Lab
import FoundationEssentials
package import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// aiosmtpd, an independent SMTP server, for tests of the SMTP client: it stores what it accepts.
package final class SMTPSink: Sendable {
    /// The behaviour of the server.
    package struct Options: Sendable {
        /// How the connection is secured.
        package enum Security: String, Sendable {
            /// Plain text.
            case none
            /// Offered, and required before anything else.
            case startTLS
            /// TLS from the first byte, as on port 465.
            case implicit
        }

        /// Default: none.
        package var security = Security.none
        /// The server's certificate, required for TLS.
        package var certificate: CertificateAuthority.Certificate?
        /// The user and password that AUTH must give, with PLAIN or LOGIN; a password's file is read at each login.
        /// Default: no authentication.
        package var login: (user: String, password: Secret)?
        /// The reply after DATA, such as `451 try later`. Default: accept.
        package var dataReply: String?
        /// The reply to each RCPT, such as `550 no such user`. Default: accept.
        package var recipientReply: String?

        /// The defaults unless the rest is given.
        package init(
            security: Security = .none, certificate: CertificateAuthority.Certificate? = nil,
            login: (user: String, password: Secret)? = nil, dataReply: String? = nil, recipientReply: String? = nil
        ) {
            self.security = security
            self.certificate = certificate
            self.login = login
            self.dataReply = dataReply
            self.recipientReply = recipientReply
        }
    }

    /// One accepted mail.
    package struct Mail: Hashable, Sendable {
        /// The envelope's sender.
        package let sender: String
        /// The envelope's recipients.
        package let recipients: [String]
        /// The content as sent, with dot-stuffing removed.
        package let data: [UInt8]
        /// The content as text.
        package var text: String { String(decoding: data, as: UTF8.self) }
    }

    /// Its TCP port.
    package let port: UInt16
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    private init(port: UInt16, process: ChildProcess, directory: TemporaryDirectory) {
        self.port = port
        self.process = process
        self.directory = directory
    }

    /// Starts the server and waits until it listens.
    /// - Throws: `ChildProcessError` with Python's message.
    package static func start(_ options: Options = Options()) async throws(ChildProcessError) -> SMTPSink {
        let python = try TestPython.required()
        let port = try freePort()
        let directory = try TemporaryDirectory()
        let script = try directory.write("sink.py", program)
        var environment = [
            "PATH": "/usr/bin:/bin", "PORT": String(port), "DIRECTORY": directory.path,
            "SECURITY": options.security.rawValue,
        ]
        environment["CERTIFICATE"] = options.certificate?.certificateFile
        environment["KEY"] = options.certificate?.keyFile
        environment["DATA_REPLY"] = options.dataReply
        environment["RCPT_REPLY"] = options.recipientReply
        if let login = options.login {
            environment["LOGIN_USER"] = login.user
            environment["LOGIN_PASSWORD_FILE"] = login.password.path
            do { environment["LOGIN_PASSWORD"] = try login.password.reveal(SystemFiles()) } catch {
                throw ChildProcessError(program: error.path, reason: error.reason)
            }
        }
        let process = try await ChildProcess.start(
            python, [script], options: ChildProcess.Options(environment: environment))
        guard await waitUntil({ accepts(port: port) || process.exit != nil }), process.exit == nil else {
            let said = String(decoding: process.standardError(limit: 4096), as: UTF8.self)
            await process.terminate()
            throw ChildProcessError(program: "aiosmtpd", reason: said)
        }
        return SMTPSink(port: port, process: process, directory: directory)
    }

    /// The mails accepted so far, in order.
    package func mails() -> [Mail] {
        var found: [Mail] = []
        while let mail = mail(found.count) { found.append(mail) }
        return found
    }

    private func mail(_ index: Int) -> Mail? {
        let files = SystemFiles()
        // The envelope is renamed into place last, so that the mail is complete once it exists.
        guard let envelope = try? files.read(directory.file("\(index).envelope"), limit: 1 << 20),
            let data = try? files.read(directory.file("\(index).eml"), limit: 64 << 20)
        else { return nil }
        let lines = String(decoding: envelope, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        return Mail(sender: lines[0], recipients: lines.dropFirst().filter { !$0.isEmpty }, data: data)
    }

    /// Stops the server.
    package func stop() async {
        await process.terminate(grace: .seconds(2))
        directory.remove()
    }

    private static let program = """
        import asyncio, os, ssl
        from aiosmtpd.smtp import SMTP, AuthResult
        env = os.environ
        directory = env["DIRECTORY"]

        class Sink:
            count = 0
            async def handle_RCPT(self, server, session, envelope, address, options):
                if "RCPT_REPLY" in env:
                    return env["RCPT_REPLY"]
                envelope.rcpt_tos.append(address)
                return "250 OK"
            async def handle_DATA(self, server, session, envelope):
                if "DATA_REPLY" in env:
                    return env["DATA_REPLY"]
                name = os.path.join(directory, str(Sink.count))
                Sink.count += 1
                with open(name + ".eml", "wb") as f:
                    f.write(envelope.original_content)
                with open(name + ".part", "w") as f:
                    f.write("\\n".join([envelope.mail_from] + envelope.rcpt_tos))
                os.rename(name + ".part", name + ".envelope")
                return "250 OK: queued"

        def authenticate(server, session, envelope, mechanism, data):
            password = env["LOGIN_PASSWORD"]
            if "LOGIN_PASSWORD_FILE" in env:
                with open(env["LOGIN_PASSWORD_FILE"]) as f:
                    password = f.readline().rstrip("\\n")
            good = data.login == env["LOGIN_USER"].encode() and data.password == password.encode()
            return AuthResult(success=good, handled=good)

        context = None
        if env["SECURITY"] != "none":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(env["CERTIFICATE"], env["KEY"])
        start = env["SECURITY"] == "startTLS"
        login = "LOGIN_USER" in env

        def server():
            return SMTP(Sink(), hostname="localhost", enable_SMTPUTF8=True,
                tls_context=context if start else None, require_starttls=start,
                authenticator=authenticate if login else None, auth_required=login,
                auth_require_tls=login and env["SECURITY"] == "startTLS")

        async def main():
            loop = asyncio.get_running_loop()
            listener = await loop.create_server(server, "127.0.0.1", int(env["PORT"]),
                ssl=context if env["SECURITY"] == "implicit" else None)
            await listener.serve_forever()
        asyncio.run(main())
        """
}
