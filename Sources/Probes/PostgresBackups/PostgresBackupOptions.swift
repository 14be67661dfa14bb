/// The backups that a dedicated tool makes of a PostgreSQL cluster, known from files with the tool's output that a
/// timer writes.
package struct PostgresBackupOptions: Sendable, Hashable {
    /// The backup tool.
    package enum Tool: String, Sendable, Hashable, CaseIterable {
        /// `pgbackrest info --output=json`.
        case pgBackRest = "pgbackrest"
        /// `wal-g backup-list --detail --json`.
        case walG = "wal-g"
        /// `barman --format json list-backups SERVER`, and `barman --format json check SERVER`.
        case barman
    }

    /// The name of the backups, unique among those of the configuration.
    package var name: String
    /// The backup tool.
    package var tool: Tool
    /// The Vault cluster whose storage is backed up. Default `vault`.
    package var cluster = "vault"
    /// The absolute path of the file with the list of backups.
    package var file: String
    /// Barman: the absolute path of the file with the output of `check`. Default: none.
    package var checkFile: String?
    /// pgBackRest's stanza or Barman's server, if the file contains several. Default: the only one.
    package var stanza: String?
    /// Age above which the newest backup of any type is overdue. Default 26 h: daily backups, plus two hours for them
    /// to run.
    package var maxAge: Duration = .seconds(26 * 3600)
    /// Age above which the newest full backup is overdue. Default: none.
    package var fullMaxAge: Duration?
    /// Age above which the files are considered outdated. Default 3 h: an hourly timer that failed twice.
    package var fileMaxAge: Duration = .seconds(3 * 3600)
    /// The size of PostgreSQL's WAL segments in bytes. Default 16 MiB, initdb(1)'s default.
    package var walSegmentBytes = 16 << 20
    /// The size above which a file is not read, in bytes. Default 2 MiB: several thousand backups.
    package var fileLimitBytes = 2 << 20
    /// Time from one reading to the next. Default 60 s.
    package var interval: Duration = .seconds(60)
    /// Limit for reading the files. Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// Backups with defaults for everything else.
    package init(name: String, tool: Tool, file: String) {
        self.name = name
        self.tool = tool
        self.file = file
    }
}
