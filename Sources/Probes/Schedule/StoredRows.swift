/// What probes know that outlives a restart: rows of bytes by name, which their owner stores.
package protocol StoredRows: AnyObject, Sendable {
    /// What precedes the names in the keys of the journal's states.
    static var keyPrefix: String { get }
    /// The rows that have changed since the last call; nil for those that are gone.
    func takeChanges() -> [String: [UInt8]?]
    /// All rows.
    var all: [String: [UInt8]] { get }
    /// Takes a row that was stored, unless something newer is known. What cannot be decoded is left out.
    func restore(_ name: String, _ bytes: [UInt8])
}
