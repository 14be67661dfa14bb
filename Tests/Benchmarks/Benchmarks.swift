import Foundation
import Lab
import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// Speed as ratios against a peer in the same run: absolute numbers of a busy machine mean little.
@main
struct Benchmarks {
    static func main() async throws {
        if CommandLine.arguments.count == 4, CommandLine.arguments[1] == "engine",
            let size = Int(CommandLine.arguments[2]), let end = Int64(CommandLine.arguments[3])
        {
            return try EngineRun.run(Workload(size: size, end: end))
        }
        // `Benchmarks promql` runs that table alone; `Benchmarks estate /other/vaultwatch` measures another build too.
        let wanted = Set(CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("/") })
        func isWanted(_ table: String) -> Bool { wanted.isEmpty || wanted.contains(table) }
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path
        if isWanted("rules") { try await compareUnitTests() }
        if isWanted("promql") { try await compareEngines() }
        if isWanted("alerting") { try await AlertingBenchmark.run(folder) }
        if isWanted("estate") {
            try await EstateBenchmark.run(
                [folder + "/vaultwatch"] + CommandLine.arguments.dropFirst().filter { $0.hasPrefix("/") })
        }
        if isWanted("audit") { try await AuditBenchmark.run(folder + "/vaultwatch") }
        if isWanted("backup") { try await BackupBenchmark.run(folder) }
        // Takes ten minutes, and only `Benchmarks scale` does it.
        if wanted.contains("scale") {
            let sizes = CommandLine.arguments.compactMap { Int($0) }
            try await ScaleBenchmark.run(folder, sizes: sizes.isEmpty ? [10, 100, 1000] : sizes)
        }
        if isWanted("correlation") { CorrelationBenchmark.run() }
        if isWanted("lateness") { try await RuleLatenessBenchmark.run(folder) }
    }

    private static func compareUnitTests() async throws {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let rules = try files("rules/tests", ".yml")
        let conformance = try files("Tests/PromQLTests/Conformance", ".yaml")
        print("| what | vaultwatch | promtool | ratio |")
        print("|---|---|---|---|")
        try await compare("unit tests of the shipped rules", folder, rules)
        try await compare("PromQL conformance cases", folder, conformance)
        print("")
    }

    private static func compareEngines() async throws {
        print(
            "Evaluation alone, as each engine measures it: no HTTP, no JSON. 15 minutes at 15 s in memory; 200 rules; ranges of \(Workload.steps) steps."
        )
        print("")
        print("| series | what | vaultwatch | Prometheus | ratio |")
        print("|---|---|---|---|---|")
        for size in [1000, 10_000, 100_000] { try await compareEngines(size) }
    }

    /// One size after the other, both engines on the same samples.
    private static func compareEngines(_ size: Int) async throws {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let workload = Workload(size: size, end: now - now % Workload.interval)
        let output = try await ChildProcess.run(CommandLine.arguments[0], ["engine", "\(size)", "\(workload.end)"])
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        func ours(_ what: String) -> (seconds: Double, samples: Int) {
            let fields = lines.first { $0.hasPrefix(what + "|") }?.split(separator: "|") ?? []
            return fields.count == 3 ? (Double(fields[1]) ?? .nan, Int(fields[2]) ?? 0) : (.nan, 0)
        }
        let prometheus = try await PrometheusRun(workload)
        let loaded = prometheus.residentKilobytes
        func line(_ what: String, _ name: String, _ texts: [String], isRange: Bool) async throws {
            let (mine, theirs) = (ours(name), try await prometheus.measure(texts, isRange: isRange))
            let agreement = mine.samples == theirs.samples ? "" : " (\(mine.samples) samples against \(theirs.samples))"
            print(
                "| \(size) | \(what)\(agreement) | \(milliseconds(mine.seconds)) | \(milliseconds(theirs.seconds)) | \(ratio(mine.seconds, theirs.seconds)) |"
            )
        }
        try await line("200 rules, instant", "rules instant", Workload.rules, isRange: false)
        try await line("200 rules, range", "rules range", Workload.rules, isRange: true)
        for (name, text) in Workload.wide {
            try await line("`\(text.replacing("|", with: "\\|"))`, instant", name + " instant", [text], isRange: false)
            try await line("`\(text.replacing("|", with: "\\|"))`, range", name + " range", [text], isRange: true)
        }
        for (what, name, theirs) in [
            ("resident, samples loaded", "loaded", loaded),
            ("resident, after all queries", "evaluated", prometheus.residentKilobytes),
        ] {
            let mine = lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
            print(
                "| \(size) | \(what) | \(mine / 1024) MB | \(theirs / 1024) MB | \(ratio(Double(mine), Double(theirs))) |"
            )
        }
        await prometheus.end()
    }

    private static func milliseconds(_ seconds: Double) -> String {
        let value = seconds * 1000
        return value < 10 ? "\((value * 100).rounded() / 100) ms" : "\(Int(value)) ms"
    }

    private static func ratio(_ a: Double, _ b: Double) -> String { "\((a / b * 100).rounded() / 100)" }

    private static func files(_ path: String, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(suffix) }.sorted().map {
            path + "/" + $0
        }
    }

    /// Median wall time of several alternating runs.
    private static func compare(_ what: String, _ folder: String, _ files: [String]) async throws {
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<7 {
            ours.append(try await seconds(folder + "/vaultwatch", ["test", "rules"] + files))
            theirs.append(try await seconds("promtool", ["test", "rules"] + files))
        }
        let (a, b) = (median(ours), median(theirs))
        print("| \(what) | \(Int(a * 1000)) ms | \(Int(b * 1000)) ms | \((a / b * 100).rounded() / 100) |")
    }

    private static func seconds(_ program: String, _ arguments: [String]) async throws -> Double {
        let clock = ContinuousClock()
        let began = clock.now
        try await ChildProcess.run(program, arguments)
        let took = clock.now - began
        return Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
