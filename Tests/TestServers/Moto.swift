import Lab
package import Platform

/// moto's server, an independent implementation of S3 and IAM, for tests of the S3 client.
package final class Moto: Sendable {
    /// Its TCP port.
    package let port: UInt16
    /// The URL of its API.
    package var endpoint: String { "http://127.0.0.1:\(port)" }
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    private init(port: UInt16, process: ChildProcess, directory: TemporaryDirectory) {
        self.port = port
        self.process = process
        self.directory = directory
    }

    /// Starts the server and waits until it listens, which takes some seconds.
    /// - Parameters:
    ///   - openRequests: the number of requests before authentication is required, to create a bucket and a user; after
    ///     that every SigV4 signature is verified. Nil disables authentication.
    /// - Throws: `ChildProcessError` with Python's message.
    package static func start(openRequests: Int? = nil) async throws(ChildProcessError) -> Moto {
        let python = try TestPython.required()
        let port = try freePort()
        let directory = try TemporaryDirectory()
        var environment = ["PATH": "/usr/bin:/bin", "HOME": directory.path, "AWS_DEFAULT_REGION": "us-east-1"]
        if let openRequests { environment["INITIAL_NO_AUTH_ACTION_COUNT"] = String(openRequests) }
        let process = try await ChildProcess.start(
            python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
            options: ChildProcess.Options(environment: environment, workingDirectory: directory.path))
        guard await waitUntil(atMost: .seconds(60), { accepts(port: port) || process.exit != nil }), process.exit == nil
        else {
            let said = String(decoding: process.standardError(limit: 4096), as: UTF8.self)
            await process.terminate()
            throw ChildProcessError(program: "moto", reason: said)
        }
        return Moto(port: port, process: process, directory: directory)
    }

    /// Stops the server.
    package func stop() async {
        await process.terminate(grace: .seconds(2))
        directory.remove()
    }
}
