import Transport

/// Vault's HA lock as stored in the database, and the changes of its holder.
///
/// The lock is held while `valid_until > now()` by the database's clock. An expired row means that its holder crashed
/// or hangs; no row means that it was released. `ha_identity` is new for each acquisition, so its changes are
/// elections.
struct PostgresLock: Sendable {
    enum State: String, Sendable, CaseIterable {
        case held, expired, absent
    }

    private(set) var state = State.absent
    /// Seconds; negative when expired.
    private(set) var remaining: Double?
    private(set) var ownerChanges = 0
    private var owner: String?

    static func sql(_ table: String) -> String {
        """
        SELECT ha_identity AS owner, extract(epoch FROM valid_until - clock_timestamp()) AS remaining \
        FROM \(PostgresSQL.identifier(table)) WHERE ha_key = 'core/lock' LIMIT 1
        """
    }

    /// - Throws: `PostgresCheckFailure` for a row without holder or end.
    mutating func observe(_ rows: PostgresRows) throws(PostgresCheckFailure) {
        guard let row = PostgresRow.first(rows) else {
            state = .absent
            remaining = nil
            return
        }
        guard let seconds = row.number("remaining"), let holder = row.text("owner") else {
            throw PostgresCheckFailure("value", "the lock's row has no holder or end")
        }
        remaining = seconds
        state = seconds > 0 ? .held : .expired
        if let owner, owner != holder { ownerChanges += 1 }
        owner = holder
    }

    func add(to set: inout SampleSet) {
        set.addState("vault_ha_lock_state", state.rawValue, of: State.allCases.map(\.rawValue))
        set.add("vault_ha_lock_remaining_seconds", remaining)
        set.add("vault_ha_lock_owner_changes_total", ownerChanges)
    }
}
