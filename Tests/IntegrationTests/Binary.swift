import Foundation
import Lab
import Platform

/// The built program, as users run it.
enum Binary {
    /// Beside the test bundle: tests and program are built together.
    static let path: String = {
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = bundle.appending(path: "vaultwatch").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Bundle.main.bundleURL.appending(path: "vaultwatch").path
    }()

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Runs a command to its end.
    static func run(_ arguments: [String], environment: [String: String]? = nil) async throws -> (
        exit: ChildProcess.Exit, output: String, error: String
    ) {
        let child = try await ChildProcess.start(
            path, arguments, options: .init(environment: environment, workingDirectory: root))
        let exit = await child.wait()
        return (
            exit, String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self),
            String(decoding: child.standardError(limit: 1 << 20), as: UTF8.self)
        )
    }
}
