/// States of the watcher itself: its network, clock, disk, and what it could not deliver.
enum WatcherStates {
    static let rows: [StateRow] = []
}
