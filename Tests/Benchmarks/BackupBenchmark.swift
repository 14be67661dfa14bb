import Foundation
import Lab
import Platform
import TestServers

/// `vaultwatch backup run` beside the usual pipe, in the same run: the same snapshot of a Vault on loopback, encrypted, into
/// moto. Ours checks the structure, authenticates (GCM; the pipe has CTR) and reads back; reading back is not counted.
struct BackupBenchmark {
    /// Of the snapshot, in MiB; it does not compress.
    private static let mebibytes = 192
    private static let rounds = 3
    private static let key = String(repeating: "ab", count: 32)

    static func run(_ folder: String) async throws {
        let snapshot = snapshot()
        let vault = try LabServer { request in
            switch request.path {
            case "/v1/sys/leader": .response(LabResponse(200, type: "application/json", #"{"is_self":true}"#))
            case "/v1/sys/storage/raft/snapshot":
                .response(
                    {
                        var response = LabResponse(200, body: snapshot)
                        response.isChunked = true
                        return response
                    }())
            default: .response(LabResponse(200, type: "application/json", #"{"version":"1.15.6"}"#))
            }
        }
        try await vault.start()
        let moto = try await Moto.start()
        let directory = try TemporaryDirectory()
        try await ChildProcess.run("curl", ["-sf", "-X", "PUT", moto.endpoint + "/backups"])
        try directory.write("key", key, mode: 0o600)
        try directory.write("token", "t", mode: 0o600)
        try directory.write(
            "recovery.yml",
            """
            source: {raft: {name: c, nodes: [{name: v, url: "\(vault.url)"}], token_file: token}}
            bucket: {bucket: backups, endpoint: "\(moto.endpoint)", access_key_id: a, secret_access_key: b}
            sets: [{name: d, prefix: d/, period: 5m, retention: 9}]
            encryption: {key_file: key}
            staging: {directory: "\(directory.path)"}
            """)
        print("| backup of \(mebibytes) MiB | vaultwatch | openssl enc, aws s3 cp | ratio |")
        print("|---|---|---|---|")
        var ours: [Double] = []
        var theirs: [Double] = []
        var peak = 0
        for round in 0..<rounds {
            let (seconds, bytes) = try await backup(folder + "/vaultwatch", directory)
            ours.append(Double(mebibytes) / seconds)
            peak = max(peak, bytes)
            theirs.append(Double(mebibytes) / (try await pipe(vault.url, moto.endpoint, directory, round)))
            // A key is that of a second.
            try await Task.sleep(for: .seconds(1))
        }
        let (a, b) = (ours.sorted()[rounds / 2], theirs.sorted()[rounds / 2])
        print("| throughput, MiB/s | \(Int(a)) | \(Int(b)) | \((a / b * 100).rounded() / 100) |")
        print("| peak memory, MiB | \(peak >> 20) | – | – |")
        await moto.stop()
        await vault.close()
    }

    private static func snapshot() -> [UInt8] {
        var storage = VaultStorage()
        for name in ["core/keyring", "core/mounts"] { storage.rows[name] = [1] }
        storage.rows["core/seal-config"] = Array(#"{"secret_shares":5,"secret_threshold":3}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for number in 0..<mebibytes {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(1 << 20)
            for _ in 0..<(1 << 17) { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
            storage.rows["logical/6f1f7a42-8f1b-4a56-9d0e-2f6d1c7b9a10/\(number)"] = bytes
        }
        return VaultSnapshot.archive(storage.state)
    }

    /// - Returns: the time until everything was sent, and the most resident memory.
    private static func backup(_ program: String, _ directory: TemporaryDirectory) async throws -> (Double, Int) {
        let child = try await ChildProcess.start(
            program, ["backup", "run", "--output=json", "--recovery.file=\(directory.file("recovery.yml"))"])
        var peak = 0
        while child.exit == nil {
            if let status = try? ProcessStatus(of: child.pid) { peak = max(peak, status.peakResidentBytes) }
            _ = await child.wait(atMost: .milliseconds(50))
        }
        let answer =
            try JSONSerialization.jsonObject(with: Data(child.standardOutput(limit: 1 << 20))) as? [String: Any]
        guard child.exit == .exited(0), let times = answer?["durations_seconds"] as? [String: Double],
            let source = times["source"], let upload = times["upload"]
        else {
            throw ChildProcessError(
                program: program, reason: String(decoding: child.standardError(limit: 4096), as: UTF8.self))
        }
        return (source + upload, peak)
    }

    private static func pipe(
        _ vault: String, _ endpoint: String, _ directory: TemporaryDirectory, _ round: Int
    ) async throws -> Double {
        let iv = String(repeating: "0", count: 32)
        let script = """
            set -o pipefail
            curl -sf \(vault)/v1/sys/storage/raft/snapshot | openssl enc -aes-256-ctr -K \(key) -iv \(iv) |
              aws --endpoint-url \(endpoint) s3 cp --quiet - s3://backups/pipe-\(round)
            """
        var environment = ProcessInfo.processInfo.environment
        environment["AWS_ACCESS_KEY_ID"] = "a"
        environment["AWS_SECRET_ACCESS_KEY"] = "b"
        environment["AWS_DEFAULT_REGION"] = "us-east-1"
        let clock = ContinuousClock()
        let began = clock.now
        try await ChildProcess.run("/bin/bash", ["-c", script], options: .init(environment: environment))
        let took = clock.now - began
        return Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
    }
}
