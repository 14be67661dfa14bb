import Foundation
import Lab
import Platform
import Probes
import Samples

/// How many lines of an audit log a core reads: ours, as the probe reads them and as `audit assess` does, beside jq and
/// Python's json, which only parse them.
struct AuditBenchmark {
    private static let copies = 1000
    private static let rounds = 3

    /// - Parameter program: the built `vaultwatch`.
    static func run(_ program: String) async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let recording = try String(contentsOfFile: "Tests/ProbesTests/Recordings/audit/incident.jsonl", encoding: .utf8)
        let path = try folder.write("audit.log", String(repeating: recording, count: copies))
        let lines = Double(copies * recording.split(separator: "\n").count)
        print()
        print(
            "| \(Int(lines)) lines of an audit log, \((recording.utf8.count * copies) >> 20) MiB | lines a second | ratio |"
        )
        print("|---|---|---|")
        let ours = try median { try read(path) }
        row("read and told apart, in the process", lines / ours, lines / ours)
        let commands: [(String, [String])] = [
            (
                program,
                ["audit", "assess", path, "--since=2000-01-01T00:00:00Z", "--output=json", "--url=http://127.0.0.1:1"]
            ),
            ("jq", ["-c", ".type", path]),
            ("python3", ["-c", "import json,sys\nfor line in open(sys.argv[1]): json.loads(line)['type']", path]),
        ]
        for (name, arguments) in commands {
            var times: [Double] = []
            for _ in 0..<rounds {
                let clock = ContinuousClock()
                let began = clock.now
                guard let child = try? await ChildProcess.start(name, arguments) else { break }
                _ = await child.wait()
                times.append(seconds(clock.now - began))
            }
            let what =
                name == program ? "vaultwatch audit assess" : ([name] + arguments.prefix(2)).joined(separator: " ")
            guard let time = times.sorted().dropFirst(times.count / 2).first else {
                print("| \(name) is not installed | | |")
                continue
            }
            row(what.split(separator: "\n").first.map(String.init) ?? what, lines / time, lines / ours)
        }
    }

    private static func row(_ what: String, _ rate: Double, _ ours: Double) {
        print("| \(what) | \(Int(rate)) | \((ours / rate * 100).rounded() / 100) |")
    }

    private static func read(_ path: String) throws -> Double {
        let clock = ContinuousClock()
        let began = clock.now
        let file = try SystemFiles().follow(path)
        var splitter = AuditLineSplitter()
        var offset: Int64 = 0
        var count = 0
        while case let piece = try file.read(at: offset, limit: 1 << 20), !piece.isEmpty {
            offset += Int64(piece.count)
            splitter.take(piece) { bytes, range in
                guard let range else { return }
                _ = AuditEntry.read(bytes, range) { count += $0.kinds.count }
            }
        }
        guard count > 0 else { return .nan }
        return seconds(clock.now - began)
    }

    private static func median(_ body: () throws -> Double) rethrows -> Double {
        try (0..<rounds).map { _ in try body() }.sorted()[rounds / 2]
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
