import Alerts
import Delivery
import Dispatching
import Journal
import Logging
import Platform
import Samples
import Synchronization
import Telemetry

/// Between the desk and the couriers: decided messages go out, and what became of them comes back.
package final class PostOffice: Sendable {
    private enum Order: Sendable {
        case send(Outgoing)
        case withdraw(UInt64)
    }

    private let orders: AsyncStream<Order>
    private let ordering: AsyncStream<Order>.Continuation
    private let service: Mutex<DeliveryService>
    private let network: Network
    private let platform: Platform
    private let registry: Registry
    private let desk: AlertDesk
    private let stalled: @Sendable () -> [String]

    /// - Parameter stalled: the loops of the pipeline that stand still; while there is one, no heartbeat is sent.
    package init(
        _ options: DeliveryOptions, network: Network, platform: Platform, registry: Registry, desk: AlertDesk,
        stalled: @escaping @Sendable () -> [String] = { [] }
    ) throws {
        self.network = network
        self.platform = platform
        self.registry = registry
        self.desk = desk
        self.stalled = stalled
        // Bounded by the outbox, which holds one message a destination.
        (orders, ordering) = AsyncStream.makeStream(of: Order.self)
        service = Mutex(try PostOffice.service(options, network, platform, registry, desk, stalled))
    }

    private static func service(
        _ options: DeliveryOptions, _ network: Network, _ platform: Platform, _ registry: Registry, _ desk: AlertDesk,
        _ stalled: @escaping @Sendable () -> [String]
    ) throws -> DeliveryService {
        try DeliveryService(
            options, http: network.receivers, mail: network.mail, platform: platform, registry: registry,
            threads: ThreadStore(get: { await desk.thread($0) }, set: { await desk.setThread($0, $1) }),
            events: CourierEvents(
                begin: { await desk.beginAttempt($0) },
                accepted: { await desk.accepted($0, $1, detail: $2) },
                failed: {
                    await desk.failed($0, $1, uncertain: $2.isUncertain, detail: $2.description, firstTime: $3 == 1)
                },
                abandoned: { await desk.abandoned($0, $1, detail: $2.description) },
                waiting: { await desk.pending($0, $1).map(\.id) }), stalled: stalled)
    }

    /// Where the desk puts what it decided.
    package var outlet: AlertDesk.Outlet {
        let ordering = ordering
        return AlertDesk.Outlet(send: { ordering.yield(.send($0)) }, withdraw: { ordering.yield(.withdraw($0)) })
    }

    package func run() async {
        for await order in orders {
            let service = service.withLock { $0 }
            switch order {
            case .send(let outgoing):
                if await !service.send(outgoing.id, outgoing.notification) {
                    await desk.abandoned(
                        outgoing.id, outgoing.notification, detail: "its receiver is not configured any more")
                }
            case .withdraw(let id): await service.withdraw(id)
            }
        }
    }

    /// Takes other receivers. The old couriers end what is in flight; what waited is sent by the new ones.
    /// - Parameter reroute: makes routing take the same configuration; called when its receivers are there, before
    ///   anything that waits goes to them.
    package func reload(_ options: DeliveryOptions, reroute: () async -> Void) async throws {
        let new = try PostOffice.service(options, network, platform, registry, desk, stalled)
        let old = service.withLock { service in
            defer { service = new }
            return service
        }
        await reroute()
        // What waited for one integration need not wait until another has ended what hangs there.
        await old.drain(time: platform.time) { [desk, ordering] receiver, integration in
            for outgoing in await desk.pending(receiver, integration) { ordering.yield(.send(outgoing)) }
        }
    }

    package func drain() async {
        let service = service.withLock { $0 }
        await service.drain(time: platform.time)
    }

    package func statuses() async -> [CourierStatus] {
        let service = service.withLock { $0 }
        return await service.statuses()
    }
}
