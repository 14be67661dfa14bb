import FoundationEssentials
import Platform
import S3
import Samples
import Transport

/// Discovers an estate from the few addresses that are given. Changes nothing.
struct EstateDiscovery {
    let http: any HTTPClient
    let database: any PostgresConnector
    let platform: Platform
    /// `VAULT_TOKEN`, `AWS_…`.
    let environment: [String: String]
    /// Called with a sentence about what was found, or why not.
    let report: (String) -> Void

    /// Queries the nodes for their cluster's name and for one another.
    func askVault(_ draft: inout EstateDraft) async {
        for node in draft.nodes {
            guard let health = await get(Health.self, node.url + "/v1/sys/health", draft) else { continue }
            report("\(node.url): Vault \(health.version ?? "of unknown version")")
            if let name = health.clusterName, !name.isEmpty { draft.cluster = name }
            if let leader = await get(Leader.self, node.url + "/v1/sys/leader", draft)?.leaderAddress, !leader.isEmpty {
                draft.add(node: trimmed(leader), name: nil)
            }
            guard environment["VAULT_TOKEN"] != nil else { continue }
            let status = await get(HAStatus.self, node.url + "/v1/sys/ha-status", draft)
            for peer in status?.nodes ?? status?.data?.nodes ?? [] {
                if let address = peer.apiAddress, !address.isEmpty { draft.add(node: trimmed(address), name: nil) }
            }
            return
        }
        if !draft.nodes.isEmpty, environment["VAULT_TOKEN"] == nil {
            report("VAULT_TOKEN is not set: without it a node only names the active node; add the others with --vault")
        }
    }

    /// Queries the servers for their replicas.
    func askPostgres(_ draft: inout EstateDraft) async {
        for server in draft.servers {
            var parameters = ["host": server.host, "port": String(server.port), "dbname": draft.database]
            if environment["PGUSER"] == nil { parameters["user"] = "vaultwatch" }
            let connection = database.connection(to: PostgresOptions(parameters: parameters))
            do throws(PostgresError) {
                let isOn = try await connection.query("SELECT current_setting('ssl') AS ssl").value(0, "ssl") == "on"
                for index in draft.servers.indices where draft.servers[index] == server {
                    draft.servers[index].offersTLS = isOn
                }
                let rows = try await connection.query(
                    "SELECT host(client_addr) AS host FROM pg_stat_replication WHERE client_addr IS NOT NULL ORDER BY 1"
                )
                report("PostgreSQL \(server.host): \(counted(rows.rows.count, "replica"))")
                for row in rows.rows.indices {
                    if let host = rows.value(row, "host") { draft.add(server: host, port: server.port) }
                }
            } catch {
                report("PostgreSQL \(server.host): \(error.message)")
            }
            await connection.close()
        }
    }

    /// Lists the bucket to find its sets.
    func askBucket(_ draft: inout EstateDraft) async {
        guard let bucket = draft.bucket else { return }
        var options = S3Options(bucket: bucket.name)
        options.endpoint = bucket.endpoint
        options.region = bucket.region
        options.pathStyle = S3Options.prefersPathStyle(bucket.name, endpoint: bucket.endpoint)
        let variables = environment
        let client = S3Client(
            options, http: http, files: platform.files, time: platform.time, environment: { variables[$0] })
        do throws(S3Error) {
            let objects = try await client.list(prefix: "")
            draft.bucket?.sets = EstateDraft.sets(objects.map { ($0.key, $0.lastModified) })
            report(
                "bucket \(bucket.name): \(counted(objects.count, "object")), \(counted(draft.bucket?.sets.count ?? 0, "backup set"))"
            )
        } catch {
            report("bucket \(bucket.name): \(error.message)")
        }
    }

    /// Source: developer.hashicorp.com/vault/api-docs/system/health, …/leader, …/ha-status.
    private struct Health: Decodable {
        var version: String?
        var clusterName: String?
        enum CodingKeys: String, CodingKey {
            case version
            case clusterName = "cluster_name"
        }
    }

    private struct Leader: Decodable {
        var leaderAddress: String?
        enum CodingKeys: String, CodingKey { case leaderAddress = "leader_address" }
    }

    private struct HAStatus: Decodable {
        struct Nodes: Decodable { var nodes: [Node]? }
        struct Node: Decodable {
            var apiAddress: String?
            enum CodingKeys: String, CodingKey { case apiAddress = "api_address" }
        }
        var nodes: [Node]?
        var data: Nodes?
    }

    private func get<T: Decodable>(_ type: T.Type, _ url: String, _ draft: EstateDraft) async -> T? {
        var request = HTTPRequest(url: url)
        request.tls.caFile = draft.caFile
        request.timeout = .seconds(5)
        // The token is only sent to addresses that the user has given.
        if url.hasSuffix("/ha-status"), let token = environment["VAULT_TOKEN"] {
            request.headers.append(("X-Vault-Token", token))
        }
        do {
            let response = try await http.send(request)
            if let answer = try? JSONDecoder().decode(type, from: Data(response.body)) { return answer }
            report("\(url): HTTP \(response.status), not an answer of Vault")
        } catch {
            report(error.message)
        }
        return nil
    }

    private func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
