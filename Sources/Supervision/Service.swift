/// One part of the agent, as `ServiceGroup` starts, runs and stops it.
package struct Service: Sendable {
    /// Names the service in log messages.
    package let name: String
    /// How long `start` may take. Default 60 s.
    package let startLimit: Duration
    /// How long `stop` and the end of `run` may take together. Default 2 s.
    package let stopLimit: Duration
    let start: @Sendable () async throws -> Void
    let run: (@Sendable () async -> Void)?
    let stop: @Sendable () async -> Void

    /// - Parameters:
    ///   - start: makes the service usable; the services after it start once this has returned.
    ///   - run: the service's work, until its task is cancelled; nil for a service that needs no task of its own.
    ///   - stop: shuts the service down gracefully. `run` is cancelled once it has returned.
    package init(
        _ name: String, startLimit: Duration = .seconds(60), stopLimit: Duration = .seconds(2),
        start: @escaping @Sendable () async throws -> Void = {},
        run: (@Sendable () async -> Void)? = nil,
        stop: @escaping @Sendable () async -> Void = {}
    ) {
        self.name = name
        self.startLimit = startLimit
        self.stopLimit = stopLimit
        self.start = start
        self.run = run
        self.stop = stop
    }
}

/// Why a group of services ended without a request to stop.
package enum ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    case startTimedOut(service: String, limit: Duration)
    case ended(service: String)

    package var description: String {
        switch self {
        case .startTimedOut(let service, let limit): "\(service) did not start within \(limit)"
        case .ended(let service): "\(service) ended by itself"
        }
    }
}
