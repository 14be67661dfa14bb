/// States of buckets and the backups in them.
enum BackupStates {
    static let rows: [StateRow] = []
}
