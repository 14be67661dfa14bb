import Alerts
import Samples
import Text

/// One alert of one rule, from the moment its expression first held until its end has been re-sent for long enough.
package struct ActiveAlert: Hashable, Sendable, Codable {
    /// Source: prometheus/prometheus, rules/alerting.go, `AlertState`.
    package enum State: String, Hashable, Sendable, Codable {
        /// The expression holds, but `for` has not passed.
        case pending
        case firing
        /// Resolved; kept because its end is re-sent for a while.
        case inactive
    }

    /// The alert's current state.
    package internal(set) var state: State
    /// With `alertname` and the rule's labels, without the metric's name.
    package let labels: [String: String]
    /// Templates expanded, as of the last evaluation in which the expression held.
    package internal(set) var annotations: [String: String]
    /// The expression's value. Stored as bits, since JSON has no NaN.
    package internal(set) var value: Double {
        get { Double(bitPattern: valueBits) }
        set { valueBits = newValue.bitPattern }
    }
    private var valueBits: UInt64
    /// When the expression first held; like the following, milliseconds since the epoch.
    package internal(set) var activeAt: Int64
    /// When the alert began to fire.
    package internal(set) var firedAt: Int64?
    /// When it ended.
    package internal(set) var resolvedAt: Int64?
    /// When it was last sent to the dispatcher.
    package internal(set) var lastSentAt: Int64?
    /// Since when only `keep_firing_for` has kept it firing.
    package internal(set) var keepFiringSince: Int64?
    /// How long a restored alert is kept although its data has not come back yet; milliseconds since the epoch.
    var restoredUntil: Int64?

    init(labels: [String: String], annotations: [String: String], value: Double, activeAt: Timestamp) {
        state = .pending
        self.labels = labels
        self.annotations = annotations
        valueBits = value.bitPattern
        self.activeAt = activeAt.milliseconds
    }

    private enum CodingKeys: String, CodingKey {
        case state, labels, annotations, valueBits, activeAt, firedAt, resolvedAt, lastSentAt, keepFiringSince
    }

    /// As sent to the dispatcher: without an end while it fires.
    func alert(updatedAt: Timestamp, generatorURL: String) -> Alert {
        var alert = Alert(
            labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: firedAt ?? activeAt),
            endsAt: resolvedAt.map { Timestamp(milliseconds: $0) }, updatedAt: updatedAt, generatorURL: generatorURL)
        alert.activeAt = Timestamp(milliseconds: activeAt)
        return alert
    }

    /// The wall clock was stepped by this many milliseconds.
    mutating func shift(by step: Int64) {
        activeAt = activeAt.addingSaturated(step)
        firedAt = firedAt.map { $0.addingSaturated(step) }
        resolvedAt = resolvedAt.map { $0.addingSaturated(step) }
        lastSentAt = lastSentAt.map { $0.addingSaturated(step) }
        keepFiringSince = keepFiringSince.map { $0.addingSaturated(step) }
        restoredUntil = restoredUntil.map { $0.addingSaturated(step) }
    }

    /// Prometheus' rule: never while pending; at once after its end; otherwise every resend delay.
    func needsSending(at now: Timestamp, resendDelay: Duration) -> Bool {
        if state == .pending { return false }
        guard let lastSentAt else { return true }
        if let resolvedAt, resolvedAt > lastSentAt { return true }
        // A clock that was stepped back must not delay alerts.
        return now.milliseconds < lastSentAt
            || now.milliseconds.subtractingSaturated(lastSentAt) >= resendDelay.milliseconds
    }
}
