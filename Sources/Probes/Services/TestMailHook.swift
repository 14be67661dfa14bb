import Glibc
import Platform
import Text
import Transport

/// Starts programs, for hooks. Tests pass their own.
package protocol HookRunner: Sendable {
    /// Runs a program to its end; its output is discarded.
    /// - Parameter command: the program and its arguments.
    /// - Returns: its exit status.
    /// - Throws: `HookError` if it can't be started, is ended by a signal, or takes longer than the timeout; it is ended
    ///   then.
    func run(_ command: [String], timeout: Duration) async throws(HookError) -> Int32
}

/// A hook that gives no answer.
package struct HookError: Error, Sendable, Hashable {
    /// Why, without secrets.
    package let message: String
    /// Whether it took too long.
    package var isTimeout = false

    /// - Parameter message: without secrets.
    package init(_ message: String) { self.message = message }
}

/// Programs as children of this process. They get the variables that a program needs to run and to find its credentials
/// (systemd.exec(5), CREDENTIALS_DIRECTORY), and none of the others, which may be secrets.
package struct ChildHookRunner: HookRunner {
    private static let variables = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "CREDENTIALS_DIRECTORY"]

    /// A runner; it has no state.
    package init() {}

    package func run(_ command: [String], timeout: Duration) async throws(HookError) -> Int32 {
        guard let program = command.first else { throw HookError("the command is empty") }
        var environment = ["PATH": "/usr/bin:/bin"]
        for name in ChildHookRunner.variables {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        let options = ChildProcess.Options(
            environment: environment, standardOutput: .discard, standardError: .discard)
        let child: ChildProcess
        do throws(ChildProcessError) {
            child = try await ChildProcess.start(program, Array(command.dropFirst()), options: options)
        } catch {
            throw HookError("the command can't be started: \(error.reason)")
        }
        switch await child.wait(atMost: timeout) {
        case .exited(let status): return status
        case .signalled(let signal): throw HookError("the command was killed by signal \(signal)")
        case nil:
            await child.terminate(grace: .seconds(1))
            var error = HookError("the command takes longer than \(Words.duration(timeout))")
            error.isTimeout = true
            throw error
        }
    }
}

/// Asks whether a test mail has come back.
struct TestMailHook: Sendable {
    let options: TestMailOptions
    let runner: any HookRunner
    let http: any HTTPClient
    let files: any FileAccess

    /// - Throws: `ServiceRequestError` if the hook gives no answer.
    func hasReturned(_ token: String) async throws(ServiceRequestError) -> Bool {
        switch options.hook {
        case .command(let command):
            let command = command.map { $0.replacing("{token}", with: token) }
            do throws(HookError) {
                let status = try await runner.run(command, timeout: options.hookTimeout)
                guard status == 0 || status == 1 else {
                    throw HookError("the command ends with status \(status)")
                }
                return status == 0
            } catch {
                throw ServiceRequestError(
                    failure: ProbeFailure(error.isTimeout ? "timeout" : "other", "hook: \(error.message)"))
            }
        case .url(let endpoint):
            var endpoint = endpoint
            endpoint.url = endpoint.url.replacing("{token}", with: token)
            var request = try await endpoint.request(files)
            request.timeout = options.hookTimeout
            request.connectTimeout = options.hookTimeout
            request.statusSuffices = true
            do throws(TransportError) {
                let response = try await http.send(request)
                // What does not know the token yet may say so with 404.
                if response.status == 404 { return false }
                guard (200..<300).contains(response.status) else {
                    throw TransportError(.http, "status \(response.status)")
                }
                return response.body.contains(Array(token.utf8))
            } catch {
                throw ServiceRequestError(failure: ProbeFailure(error.reason.rawValue, "hook: \(error.message)"))
            }
        }
    }
}
