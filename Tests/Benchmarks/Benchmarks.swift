import Foundation
import LocalServers
#if canImport(Glibc)
import Glibc
#endif

/// Speed as ratios against a peer in the same run: absolute numbers of a busy machine mean little.
@main
struct Benchmarks {
    static func main() async throws {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let rules = try files("rules/tests", ".yml")
        let conformance = try files("Tests/PromQLTests/Conformance", ".yaml")
        print("| what | vaultwatch | promtool | ratio |")
        print("|---|---|---|---|")
        try await compare("unit tests of the shipped rules", folder, rules)
        try await compare("PromQL conformance cases", folder, conformance)
    }

    private static func files(_ path: String, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(suffix) }.sorted().map { path + "/" + $0 }
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
