import ArgumentParser
import Config
import Delivery
import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// The options for the address of an agent, and for authentication.
struct AgentURLOptions: ParsableArguments {
    @Option(
        name: [.customLong("url"), .customLong("alertmanager.url")],
        help: """
            URL of the running agent, or unix:PATH for its socket. (default: the socket of the agent on this machine, \
            else \(AgentURLOptions.usualURL))
            """)
    var url: String?

    @Option(
        name: .customLong("http.config.file"),
        help: """
            HTTP client configuration as for amtool: basic_auth, authorization, tls_config. A bearer token may also be \
            in the environment, as VAULTWATCH_TOKEN.
            """)
    var httpConfigFile: String?

    static let usualURL = "http://localhost:9321"

    func validate() throws {
        guard let url else { return }
        if url.hasPrefix("unix:") {
            guard url.count > "unix:".count else { throw ValidationError("--url: expected unix:PATH") }
            return
        }
        let authority = url[(url.firstRange(of: "://")?.upperBound ?? url.startIndex)...].prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw ValidationError(
                """
                --url: every user of this machine can read a password among the arguments. Put the user into a file, \
                basic_auth: {username: NAME, password_file: PATH}, and pass it with --http.config.file
                """)
        }
    }

    /// A client of the agent.
    /// - Throws: `ExitCode.failure`, after printing what is wrong with the HTTP client configuration.
    func client() throws -> AgentClient {
        var options = HTTPClientOptions()
        let environment = Environment.all()
        if let httpConfigFile {
            do {
                options = try HTTPClientFile.load(httpConfigFile, files: SystemFiles(), environment: environment)
            } catch {
                Terminal.error(error.description)
                throw ExitCode.failure
            }
        } else if let token = environment["VAULTWATCH_TOKEN"], !token.isEmpty {
            options.authorization = .scheme("Bearer", credentials: Secret(value: token))
        }
        let address = AgentURLOptions.address(url, environment)
        if case .url(let url) = address, let secret = options.secretName, !options.allowsPlaintext,
            Plaintext.isExposed(url)
        {
            Terminal.error(
                """
                \(url): \(secret) would go over the network unencrypted; give an https:// address, or write \
                "allow_plaintext: true" into the file of --http.config.file
                """)
            throw ExitCode.failure
        }
        return AgentClient(address, options)
    }

    /// The agent's address: as given, otherwise the first existing socket that this user may use.
    private static func address(_ url: String?, _ environment: [String: String]) -> AgentClient.Address {
        if let url, url.hasPrefix("unix:") {
            let path = url.dropFirst("unix:".count)
            return .socket(String(path.hasPrefix("///") ? path.dropFirst(2) : path))
        }
        if let url { return .url(url.hasSuffix("/") ? String(url.dropLast()) : url) }
        for folder in [WebOptions.runtimeFolder(environment), "/run/vaultwatch", "/var/lib/vaultwatch"].compactMap(
            \.self)
        {
            let path = folder + "/" + WebOptions.socketName
            // access(2) checks the real user's permissions, which connect(2) needs.
            if access(path, R_OK | W_OK) == 0 { return .socket(path) }
        }
        return .url(usualURL)
    }
}
