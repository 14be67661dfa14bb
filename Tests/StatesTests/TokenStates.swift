/// States of the watcher's own access to Vault: its token, its login, the canary.
enum TokenStates {
    static let rows: [StateRow] = []
}
