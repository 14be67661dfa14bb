import Foundation
import Lab
import Platform
import Samples

/// Prometheus with the same samples in its memory. What it took is what it says itself of each query
/// (`stats=all`, evalTotalTime): without HTTP, JSON and waiting, as with ours.
final class PrometheusRun {
    private let process: ChildProcess
    private let folder: TemporaryDirectory
    private let url: String
    private let workload: Workload

    init(_ workload: Workload) async throws {
        self.workload = workload
        folder = try TemporaryDirectory()
        let port = try freePort()
        url = "http://127.0.0.1:\(port)"
        try folder.write("p.yml", "global: {}\n")
        var options = ChildProcess.Options()
        options.standardOutput = .discard
        options.standardError = .discard
        process = try await ChildProcess.start(
            "prometheus",
            [
                "--config.file=\(folder.file("p.yml"))", "--storage.tsdb.path=\(folder.file("data"))",
                "--web.listen-address=127.0.0.1:\(port)",
                "--web.enable-remote-write-receiver", "--log.level=error",
            ], options: options)
        let url = url
        _ = await waitUntil { (try? await ChildProcess.run("curl", ["-sf", url + "/-/ready"])) != nil }
        let series = workload.series
        for start in stride(from: 0, to: series.count, by: 2000) {
            let file = folder.file("batch")
            try Data(workload.body(series[start..<min(start + 2000, series.count)])).write(
                to: URL(filePath: file))
            try await ChildProcess.run(
                "curl",
                [
                    "-sSf", "-X", "POST", "-H", "Content-Encoding: snappy", "-H",
                    "Content-Type: application/x-protobuf",
                    "-H", "X-Prometheus-Remote-Write-Version: 0.1.0", "--data-binary", "@\(file)",
                    url + "/api/v1/write",
                ])
        }
    }

    var residentKilobytes: Int { EngineRun.residentKilobytes(of: process.pid) }

    func end() async {
        await process.terminate()
        folder.remove()
    }

    /// Median of five rounds over all expressions, in seconds; and how many samples came out of the last.
    func measure(_ texts: [String], isRange: Bool) async throws -> (seconds: Double, samples: Int) {
        let end = Double(workload.end) / 1000
        let start = Double(workload.time(Workload.points - Workload.steps)) / 1000
        let config = texts.map { text in
            let query = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let path =
                isRange ? "query_range?start=\(start)&end=\(end)&step=\(Workload.interval / 1000)" : "query?time=\(end)"
            return "url = \"\(url)/api/v1/\(path)&stats=all&query=\(query)\"\n"
        }
        try folder.write("queries", config.joined())
        var rounds: [Double] = []
        var samples = 0
        for _ in 0..<5 {
            let output = try await ChildProcess.run("curl", ["-sS", "-K", folder.file("queries")], limit: 1 << 30)
            let text = String(decoding: output, as: UTF8.self)
            let times = text.components(separatedBy: "\"evalTotalTime\":").dropFirst().compactMap {
                Double($0.prefix { "0123456789.e-+".contains($0) })
            }
            guard times.count == texts.count else {
                let problem =
                    text.components(separatedBy: "\"error\":").dropFirst().first?.prefix(300) ?? "answers are missing"
                throw ChildProcessError(program: "prometheus", reason: String(problem))
            }
            rounds.append(times.reduce(0, +))
            samples = text.components(separatedBy: "\"]").count - 1
        }
        return (rounds.sorted()[2], samples)
    }
}
