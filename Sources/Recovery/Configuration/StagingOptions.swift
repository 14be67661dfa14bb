/// `staging`: where temporary files are kept, and the Vault into which backups are restored as a test.
package struct StagingOptions: Sendable {
    /// `directory`: for temporary files, which hold encrypted backups and have no names. Default
    /// `/var/lib/vaultwatch-backup`.
    package var directory = "/var/lib/vaultwatch-backup"
    /// `restore_test`; nil without one.
    package var restoreTest: RestoreTestOptions?

    /// The defaults.
    package init() {}
}
