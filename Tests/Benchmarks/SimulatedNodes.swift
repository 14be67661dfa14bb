import Foundation
import Lab
import Platform
import TestServers
#if canImport(Glibc)
    import Glibc
#endif

/// Vault nodes that nginx answers for: clusters of five, the first node active. A node is a loopback address,
/// 127.1.(cluster).(node); the nodes of the first cluster are processes of their own, 127.2.0.(node), that can be killed.
final class SimulatedNodes {
    /// A node that is a process of its own.
    final class Victim {
        private let arguments: [String]
        private var process: ChildProcess?

        fileprivate init(arguments: [String]) async throws {
            self.arguments = arguments
            try await start()
        }

        func start() async throws { process = try await ChildProcess.start("nginx", arguments) }

        func kill() { _ = process?.signal(SIGKILL) }

        fileprivate func stop() async { _ = await process?.terminate(asking: [SIGKILL]) }
    }

    static let perCluster = 5

    let caFile: String
    /// The address and port of each cluster's nodes.
    let clusters: [[String]]
    /// The first cluster's nodes.
    let victims: [Victim]
    private let authority: CertificateAuthority
    private let directory: TemporaryDirectory
    private let server: ChildProcess

    init(clusters count: Int) async throws {
        // Where a process of its own was killed, the one that answers for the others must not.
        let (port, ownPort) = (try freePort(), try freePort())
        let directory = try TemporaryDirectory()
        self.directory = directory
        authority = try await CertificateAuthority()
        caFile = authority.certificateFile
        let certificate = try await authority.issue("node")
        func start(_ name: String, listen: String) throws -> [String] {
            let file = try directory.write(
                name, SimulatedNodes.configuration(listen: listen, certificate, directory.file(name)))
            return ["-c", file, "-p", directory.path, "-e", "stderr"]
        }
        let own = (1...SimulatedNodes.perCluster).map { "127.2.0.\($0):\(ownPort)" }
        clusters =
            [own]
            + (1..<max(1, count)).map { cluster in
                (1...SimulatedNodes.perCluster).map { "127.1.\(cluster).\($0):\(port)" }
            }
        var nodes: [Victim] = []
        for (index, address) in own.enumerated() {
            nodes.append(try await Victim(arguments: try start("victim\(index)", listen: address)))
        }
        victims = nodes
        server = try await ChildProcess.start("nginx", try start("nodes", listen: "\(port)"))
    }

    func stop() async {
        for victim in victims { await victim.stop() }
        _ = await server.terminate()
        directory.remove()
    }

    private static func configuration(
        listen: String, _ certificate: CertificateAuthority.Certificate, _ files: String
    ) -> String {
        let id = "00000000-0000-4000-8000-000000000$cluster"
        let common =
            "\"initialized\":true,\"sealed\":false,\"performance_standby\":false,\"replication_performance_mode\":\"disabled\",\"replication_dr_mode\":\"disabled\",\"server_time_utc\":$seconds,\"version\":\"1.15.6\",\"cluster_name\":\"vault-cluster-$cluster\",\"cluster_id\":\"\(id)\""
        func leader(_ isSelf: Bool) -> String {
            "{\"ha_enabled\":true,\"is_self\":\(isSelf),\"active_time\":\"2026-11-23T20:42:52.805176564Z\",\"leader_address\":\"https://$leader:$server_port\",\"leader_cluster_address\":\"https://$leader:8201\",\"performance_standby\":false,\"performance_standby_last_remote_wal\":0}"
        }
        return """
            daemon off; master_process off; pid \(files).pid; worker_rlimit_nofile 65536; error_log stderr crit;
            events { worker_connections 16384; }
            http {
              access_log off; keepalive_timeout 1h; keepalive_requests 1000000000; default_type application/json;
              client_body_temp_path \(files).body; proxy_temp_path \(files).proxy; fastcgi_temp_path \(files).fastcgi;
              uwsgi_temp_path \(files).uwsgi; scgi_temp_path \(files).scgi;
              ssl_certificate \(certificate.certificateFile); ssl_certificate_key \(certificate.keyFile);
              map $msec $seconds { "~^(?<s>[0-9]+)" $s; }
              map $server_addr $cluster { "~^127[.]2[.]" "000"; "~^127[.]1[.](?<c>[0-9]+)" $c; default "0"; }
              map $server_addr $leader { "~^(?<n>[0-9]+[.][0-9]+[.][0-9]+)[.]" "$n.1"; }
              map $server_addr $active { "~[.]1$" 1; default 0; }
              server {
                listen \(listen) ssl backlog=4096;
                add_header Cache-Control no-store always;
                location = /v1/sys/health {
                  if ($active) { return 200 '{\(common),"standby":false}'; }
                  return 429 '{\(common),"standby":true}';
                }
                location = /v1/sys/seal-status {
                  return 200 '{"type":"shamir","initialized":true,"sealed":false,"t":3,"n":5,"progress":0,"nonce":"","version":"1.15.6","migration":false,"cluster_name":"vault-cluster-$cluster","cluster_id":"\(id)","recovery_seal":false,"storage_type":"raft"}';
                }
                location = /v1/sys/leader {
                  if ($active) { return 200 '\(leader(true))'; }
                  return 200 '\(leader(false))';
                }
                location / { return 404 '{"errors":[]}'; }
              }
            }
            """
    }
}
