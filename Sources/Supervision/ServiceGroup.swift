package import Platform

/// Services that start one after the other and stop in the reverse order, each within its own time.
///
/// These are the semantics of swift-service-lifecycle's `ServiceGroup`, whose package would add 3 MB to the program.
package struct ServiceGroup: Sendable {
    private struct Started {
        let service: Service
        let task: Task<Void, Never>?
    }

    private let services: [Service]
    private let time: any TimeSource
    private let stopTimedOut: @Sendable (Service) -> Void

    /// - Parameter stopTimedOut: called for a service that did not end within its `stopLimit`. It has been cancelled,
    ///   and the services before it are still stopped.
    package init(_ services: [Service], time: any TimeSource, stopTimedOut: @escaping @Sendable (Service) -> Void) {
        self.services = services
        self.time = time
        self.stopTimedOut = stopTimedOut
    }

    /// Maximum duration of a stop.
    package var stopLimit: Duration { services.reduce(.zero) { $0 + $1.stopLimit } }

    /// Starts all services, runs them until a stop is requested, its task is cancelled or a service ends on its own,
    /// and stops those that were started. Cancellation does not shorten the stop.
    /// - Parameters:
    ///   - stopRequested: returns when the services should stop.
    ///   - stopping: called before the first service is stopped.
    /// - Throws: the error of a service's start, or `ServiceError`.
    package func run(
        until stopRequested: @escaping @Sendable () async -> Void, stopping: @escaping @Sendable () -> Void = {}
    ) async throws {
        let ending = OneShot<ServiceError?>()
        var started: [Started] = []
        var failure: (any Error)?
        do {
            for service in services {
                try await start(service)
                let task = service.run.map { run in
                    Task {
                        await run()
                        ending.fulfil(.ended(service: service.name))
                    }
                }
                started.append(Started(service: service, task: task))
            }
            let waiter = Task {
                await stopRequested()
                ending.fulfil(nil)
            }
            failure = await withTaskCancellationHandler {
                await ending.value()
            } onCancel: {
                ending.fulfil(nil)
            }
            waiter.cancel()
        } catch is CancellationError {
        } catch {
            failure = error
        }
        // From here on a service that ends no longer determines the outcome.
        ending.fulfil(nil)
        // A separate task, since the cancellation of this one must not reach it.
        await Task { [started] in
            stopping()
            for one in started.reversed() { await stop(one) }
        }.value
        if let failure { throw failure }
    }

    private func start(_ service: Service) async throws {
        try Task.checkCancellation()
        let result = await Deadline.run(
            { () -> Result<Void, any Error> in
                do { return .success(try await service.start()) } catch { return .failure(error) }
            }, until: time.monotonic() + service.startLimit, time: time)
        guard let result else {
            try Task.checkCancellation()
            throw ServiceError.startTimedOut(service: service.name, limit: service.startLimit)
        }
        try result.get()
    }

    private func stop(_ started: Started) async {
        let (service, task) = (started.service, started.task)
        let isStopped = await Deadline.run(
            {
                await service.stop()
                task?.cancel()
                await task?.value
                return true
            }, until: time.monotonic() + service.stopLimit, time: time)
        if isStopped == nil {
            task?.cancel()
            stopTimedOut(service)
        }
    }
}
