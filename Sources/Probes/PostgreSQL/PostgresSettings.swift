import Samples

/// The watched settings of a server, and when the agent saw each of them change.
struct PostgresSettings: Sendable {
    private var values: [String: String] = [:]
    private var changed: [String: Timestamp] = [:]

    /// - Parameter facts: those of the check `settings`; a failed check has none, which changes nothing.
    mutating func observe(_ facts: [PostgresFact], at now: Timestamp) {
        for fact in facts where fact.name == "postgres_setting_info" {
            guard let setting = fact.labels.first(where: { $0.name == "setting" })?.value,
                let value = fact.labels.first(where: { $0.name == "value" })?.value
            else { continue }
            if let before = values.updateValue(value, forKey: setting), before != value { changed[setting] = now }
        }
    }

    /// One for each setting that has changed since the agent started.
    var facts: [PostgresFact] {
        changed.sorted { $0.key < $1.key }.map {
            PostgresFact(
                "postgres_setting_changed_timestamp_seconds", $0.value.seconds, [Label("setting", $0.key)])
        }
    }
}
