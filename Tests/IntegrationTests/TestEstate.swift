import Lab
import Logging
import Platform

extension Estate {
    /// A simulated estate that logs nothing; without PostgreSQL, which takes seconds to start, and without TLS, unless
    /// asked.
    static func quiet(postgres: Bool = false, security: EstateOptions.Security = .http) async throws -> Estate {
        var options = EstateOptions()
        if !postgres { options.postgres = nil }
        options.security = security
        return try await start(options, platform: .real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }
}
