import ArgumentParser
import Platform
import Transport
#if canImport(Glibc)
    import Glibc
#endif

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a first configuration from what can be discovered, without questions.",
        discussion: """
            Queries the Vault node for the others, PostgreSQL for its replicas, and the bucket for its backups. The
            environment is read as vault, psql and aws read it: VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT; PGHOST, PGPORT,
            PGUSER, PGPASSWORD, PGDATABASE; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION. Nothing is changed.
            Comments at the top of the file list the next steps. It is written to standard output, or to --output.
            Examples:
              vaultwatch init --vault=https://vault-1.example.org:8200
              vaultwatch init --vault=https://vault-1.example.org:8200 --postgres=pg-1.example.org --bucket=vault-backups \\
                --mail-to=oncall@example.org --smarthost=smtp.example.org:587 --output=/etc/vaultwatch/vaultwatch.yml --force
            """)

    @Option(help: "A Vault node's address; may be given several times. Default: VAULT_ADDR.")
    var vault: [String] = []

    @Option(name: .customLong("ca-file"), help: "The authority of the nodes' certificates. Default: VAULT_CACERT.")
    var caFile: String?

    @Option(help: "A PostgreSQL server, as host or host:port; may be given several times. Default: PGHOST.")
    var postgres: [String] = []

    @Option(help: "The database that holds Vault's data. Default: PGDATABASE, else vault.")
    var database: String?

    @Option(help: "The bucket with the backups.")
    var bucket: String?

    @Option(help: "The object store's URL, unless it is AWS.")
    var endpoint: String?

    @Option(help: "The bucket's region. Default: AWS_REGION, else us-east-1.")
    var region: String?

    @Option(name: .customLong("mail-to"), help: "The mail address that gets the alerts.")
    var mailTo: String?

    @Option(help: "The mail server, as host:port.")
    var smarthost: String?

    @Option(name: .shortAndLong, help: "The file to write, instead of standard output.")
    var output: String?

    @Flag(help: "Overwrite an existing file.")
    var force = false

    func run() async throws {
        let environment = Environment.all()
        var draft = EstateDraft()
        draft.caFile = caFile ?? environment["VAULT_CACERT"]
        for url in vault.isEmpty ? [environment["VAULT_ADDR"]].compactMap(\.self) : vault {
            draft.add(node: url.hasSuffix("/") ? String(url.dropLast()) : url, name: nil)
        }
        draft.database = database ?? environment["PGDATABASE"] ?? draft.database
        for server in postgres.isEmpty ? [environment["PGHOST"]].compactMap(\.self) : postgres {
            let (host, port) = InitCommand.hostAndPort(server)
            draft.add(server: host, port: port ?? environment["PGPORT"].flatMap { Int($0) } ?? 5432)
        }
        if let bucket {
            draft.bucket = EstateDraft.Bucket(
                name: bucket, endpoint: endpoint, region: region ?? environment["AWS_REGION"] ?? "us-east-1")
        }
        draft.mailAddress = mailTo
        draft.smarthost = smarthost

        let platform = Platform.real(log: LogOptions.silent)
        let http = CurlTransport(platform: platform)
        let database = PostgresPool(platform: platform)
        let discovery = EstateDiscovery(
            http: http, database: database, platform: platform, environment: environment,
            report: { Terminal.error($0) })
        await discovery.askVault(&draft)
        await discovery.askPostgres(&draft)
        await discovery.askBucket(&draft)
        http.close()
        database.close()
        try write(draft.text)
        Terminal.error("Next:")
        for step in draft.steps { Terminal.error("  " + step) }
    }

    /// `pg-1:5433`; an IPv6 address is in brackets if a port follows.
    static func hostAndPort(_ text: String) -> (host: String, port: Int?) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            return (String(text[text.index(after: text.startIndex)..<end]), Int(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = Int(parts[1]) else { return (text, nil) }
        return (String(parts[0]), port)
    }

    /// - Throws: `ExitCode.failure`, after printing the reason.
    private func write(_ text: String) throws {
        guard let output else {
            print(text, terminator: "")
            return
        }
        let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | (force ? 0 : O_EXCL), 0o644)
        let bytes = Array(text.utf8)
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count, close(descriptor) == 0 else {
            let isThere = errno == EEXIST
            Terminal.error(
                "\(output): \(isThere ? "is there already; --force writes over it" : String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        Terminal.error("wrote \(output)")
    }
}
