import Alerts
import Telemetry

/// Counters of all integrations. Their names follow Alertmanager's.
struct NotifierMetrics: Sendable {
    let accepted: Counter
    let failed: Counter
    let refused: Counter
    let attempts: Counter
    let latency: Histogram
    let queueLength: Gauge

    init(_ registry: Registry) {
        accepted = registry.counter(
            "vaultwatch_notifications_total", help: "Notifications that a receiver accepted.",
            labels: ["integration", "receiver"])
        failed = registry.counter(
            "vaultwatch_notifications_failed_total", help: "Failed attempts to send a notification, by reason.",
            labels: ["integration", "receiver", "reason"])
        refused = registry.counter(
            "vaultwatch_notifications_refused_total",
            help: "Notifications permanently refused by a receiver, which are not retried.",
            labels: ["integration", "receiver"])
        attempts = registry.counter(
            "vaultwatch_notification_requests_total", help: "Attempts to send a notification.",
            labels: ["integration", "receiver"])
        latency = registry.histogram(
            "vaultwatch_notification_latency_seconds", help: "Duration of an attempt to send a notification.",
            labels: ["integration"])
        queueLength = registry.gauge(
            "vaultwatch_notification_queue_length", help: "Notifications waiting or in flight.",
            labels: ["integration", "receiver"])
    }

    /// Creates an integration's series at the start.
    func declare(_ kind: IntegrationKind, _ receiver: String) {
        accepted.declare(kind.rawValue, receiver)
        attempts.declare(kind.rawValue, receiver)
        refused.declare(kind.rawValue, receiver)
        latency.declare(kind.rawValue)
        queueLength.set(0, kind.rawValue, receiver)
        for reason in DeliveryError.Reason.allCases { failed.declare(kind.rawValue, receiver, reason.rawValue) }
    }
}
