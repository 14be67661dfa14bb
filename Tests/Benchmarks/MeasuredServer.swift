import Lab
import Logging
import Platform
import TestServers
import Transport

/// A program that serves HTTP on a loopback port, once it is ready; and a client for it.
struct MeasuredServer {
    let process: ChildProcess
    let port: UInt16
    let http: CurlTransport
    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter arguments: for the port that it is to listen on.
    /// - Throws: `ChildProcessError` if it does not start, or is not ready in time.
    init(_ program: String, atMost limit: Duration = .seconds(30), _ arguments: (UInt16) -> [String]) async throws {
        port = try freePort()
        process = try await ChildProcess.start(program, arguments(port))
        http = CurlTransport(platform: .real(log: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }))
        let (http, ready) = (http, url + "/-/ready")
        let isReady = await waitUntil(atMost: limit) {
            (try? await http.send(HTTPRequest(url: ready)).status) == 200
        }
        guard isReady else { throw ChildProcessError(program: program, reason: "not ready") }
    }

    /// An agent with `vaultwatch.yml` of a folder.
    static func vaultwatch(
        _ program: String, in directory: TemporaryDirectory, atMost limit: Duration = .seconds(30)
    ) async throws -> MeasuredServer {
        try await MeasuredServer(program, atMost: limit) { port in
            [
                "run", "--config.file=\(directory.file("vaultwatch.yml"))", "--storage.path=\(directory.file("data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
            ]
        }
    }

    func stop() async {
        _ = await process.terminate()
        http.close()
    }
}
