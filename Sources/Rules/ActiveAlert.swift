import Alerts
import Samples

/// One alert of one rule, from the moment its expression first held until its end has been told long enough.
package struct ActiveAlert: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        case pending
        case firing
        /// Ended; kept to be told.
        case inactive
    }

    package internal(set) var state: State
    /// With `alertname` and the rule's labels, without the metric's name.
    package let labels: [String: String]
    package internal(set) var annotations: [String: String]
    /// The expression's value. Kept as bits: JSON knows no NaN.
    package internal(set) var value: Double {
        get { Double(bitPattern: valueBits) }
        set { valueBits = newValue.bitPattern }
    }
    private var valueBits: UInt64
    /// Milliseconds: when the expression first held, when the alert fired, when it ended, when it was last sent,
    /// since when only `keep_firing_for` keeps it.
    package internal(set) var activeAt: Int64
    package internal(set) var firedAt: Int64?
    package internal(set) var resolvedAt: Int64?
    package internal(set) var lastSentAt: Int64?
    package internal(set) var keepFiringSince: Int64?
    /// Until when a restored alert is kept although its data have not come back yet.
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

    /// As it goes out: open while it fires, closed at its end.
    func alert(updatedAt: Timestamp, generatorURL: String) -> Alert {
        Alert(
            labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: firedAt ?? activeAt),
            endsAt: resolvedAt.map { Timestamp(milliseconds: $0) }, updatedAt: updatedAt, generatorURL: generatorURL)
    }

    /// The wall clock stepped by so many milliseconds.
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
        // A clock that went back must not hold alerts up.
        return now.milliseconds < lastSentAt
            || now.milliseconds.subtractingSaturated(lastSentAt) >= resendDelay.milliseconds
    }
}
