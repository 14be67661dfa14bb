import Foundation

/// Runs a program to its end on a thread of its own.
/// - Returns: standard output and standard error together, and the exit status.
package func run(_ program: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:])
    async throws -> (output: String, status: Int32)
{
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let standardInput = Pipe(), output = Pipe()
            process.standardInput = standardInput
            process.standardOutput = output
            process.standardError = output
            do {
                try process.run()
                try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
                try standardInput.fileHandleForWriting.close()
                let data = try output.fileHandleForReading.readToEnd() ?? Data()
                process.waitUntilExit()
                continuation.resume(returning: (String(decoding: data, as: UTF8.self), process.terminationStatus))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
