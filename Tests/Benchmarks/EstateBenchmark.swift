import Foundation
import Lab
import Logging
import Platform
import TestServers
import Text
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// One agent on the estate of `vaultwatch-demo` (three Vault nodes over TLS, PostgreSQL with a replica, a bucket; polls
/// of 5 s): from exec to READY, the cost when idle, and from a standby that is killed or sealed to Slack. `Benchmarks
/// estate PROGRAM…` measures other builds too.
struct EstateBenchmark {
    private static let rest = Duration.seconds(60)
    private static let faults = 10

    private struct Figures {
        /// Milliseconds.
        var ready = 0.0
        /// Percent of one core, over `rest` after a minute.
        var cpu = 0.0
        /// MiB.
        var resident = 0.0
        var privateBytes = 0.0
        /// Milliseconds until Slack was notified, sorted.
        var kills: [Double] = []
        var seals: [Double] = []
    }

    static func run(_ programs: [String]) async throws {
        print()
        print(
            "| agent | binary | exec → READY | CPU of a core at rest | resident | private | killed standby → Slack, median | slowest | sealed standby → Slack, median | slowest |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")
        for program in programs {
            let figures = try await measure(program)
            let size = try FileManager.default.attributesOfItem(atPath: program)[.size] as? Int ?? 0
            func text(_ value: Double) -> String { String((value * 100).rounded() / 100) }
            func spread(_ times: [Double]) -> String {
                "\(text(times[times.count / 2])) ms | \(text(times.last ?? .nan)) ms"
            }
            print(
                "| \(URL(filePath: program).lastPathComponent) | \(size >> 20) MiB | \(text(figures.ready)) ms | \(text(figures.cpu)) % | \(text(figures.resident)) MiB | \(text(figures.privateBytes)) MiB | \(spread(figures.kills)) | \(spread(figures.seals)) |"
            )
        }
    }

    private static func measure(_ program: String) async throws -> Figures {
        let platform = Platform.real(log: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let estate = try await Estate.start(EstateOptions(), platform: platform)
        let folder = try TemporaryDirectory()
        let http = CurlTransport(platform: platform)
        let result: Result<Figures, any Error>
        do {
            result = .success(try await measure(program, estate, folder, http))
        } catch {
            result = .failure(error)
        }
        http.close()
        await estate.stop()
        folder.remove()
        return try result.get()
    }

    private static func measure(
        _ program: String, _ estate: Estate, _ folder: TemporaryDirectory, _ http: CurlTransport
    ) async throws -> Figures {
        var figures = Figures()
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: FileManager.default.currentDirectoryPath + "/rules/*.yml",
                listen: listen, storage: folder.path))
        let began = ContinuousClock.now
        let process = try await ChildProcess.start(program, ["run", "--config.file=\(file)", "--log.level=error"])
        let isReady = try await poll(every: .milliseconds(1)) {
            (try? await http.send(HTTPRequest(url: "http://\(listen)/-/ready")).status) == 200
        }
        guard isReady else { throw ChildProcessError(program: program, reason: "not ready") }
        figures.ready = (ContinuousClock.now - began).seconds * 1000

        try await Task.sleep(for: rest)
        let ticks = try ProcessFigures.cpuTicks(process.pid)
        try await Task.sleep(for: rest)
        figures.cpu =
            Double(try ProcessFigures.cpuTicks(process.pid) - ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
            / rest.seconds
            * 100
        (figures.resident, figures.privateBytes) = try ProcessFigures.memory(process.pid)

        for _ in 0..<faults { figures.kills.append(try await time(.kill, estate)) }
        for _ in 0..<faults { figures.seals.append(try await time(.seal, estate)) }
        figures.kills.sort()
        figures.seals.sort()
        _ = await process.terminate()
        return figures
    }

    /// Lets a standby have a fault, at a random time between two polls, and mends it.
    /// - Returns: the time until Slack was notified, in milliseconds.
    private static func time(_ fault: SimulatedVaultCluster.Action, _ estate: Estate) async throws -> Double {
        guard let node = estate.roles.first(where: { $0.role == .standby })?.name else {
            throw ChildProcessError(program: "estate", reason: "has no standby")
        }
        func messages(_ after: Int) -> [Message] { estate.inbox.messages(after: after, kind: .slack) }
        let last = messages(0).last?.id ?? 0
        let began = ContinuousClock.now
        // A kill ends when the node's server has closed the last connection, long after the first breaks.
        async let action: Void = estate.perform(.node(node, fault))
        guard try await poll(every: .microseconds(200), { !messages(last).isEmpty }) else {
            throw ChildProcessError(program: "vaultwatch", reason: "has not told of \(node)")
        }
        let took = (ContinuousClock.now - began).seconds * 1000
        try await action
        if fault == .kill { try await estate.perform(.node(node, .start)) }
        try await estate.perform(.node(node, .unseal))
        // Until the resolved message has been sent, and any that may follow it.
        let told = messages(0).last?.id ?? 0
        _ = try await poll(every: .milliseconds(50)) { !messages(told).isEmpty }
        try await Task.sleep(for: .milliseconds(Int.random(in: 12_000...17_000)))
        return took
    }

    /// Polls continuously, without the pauses of `waitUntil`, which would distort the measurement.
    private static func poll(every pause: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(40)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: pause)
        }
        return true
    }
}
