import FoundationEssentials
import Samples

/// A backup tool's report about the backups of one PostgreSQL cluster.
struct PostgresBackupReport: Sendable, Hashable {
    /// Types of backups, named as by the tools.
    enum Kind: String, Sendable, CaseIterable {
        /// Everything.
        case full
        /// pgBackRest: changes since the last full one.
        case diff
        /// pgBackRest: changes since the last one.
        case incr
        /// WAL-G: changes since an earlier one.
        case delta
        /// Barman: changes since an earlier one.
        case incremental
        case other
    }

    struct Backup: Sendable, Hashable {
        var kind: Kind
        var finished: Timestamp
        /// The size of the database when it was backed up, uncompressed; nil if unknown.
        var sizeBytes: Double?
        /// Whether pages in it have wrong checksums, or files could not be copied.
        var isDamaged = false
    }

    /// What is wrong, in order of display.
    enum Reason: String, Sendable, CaseIterable {
        /// pgBackRest's stanza is not ok.
        case status
        /// The newest backup has pages with wrong checksums.
        case damaged
        /// Barman's newest backup failed.
        case failed
        /// One of Barman's checks failed.
        case check
        /// The tool reported an error.
        case message
        /// Backups are dated in the future.
        case future
    }

    /// pgBackRest's stanza, Barman's server; empty for WAL-G.
    var stanza = ""
    /// The newest backup of each type.
    private(set) var newest: [Kind: Backup] = [:]
    /// The tool's message for the first error of each reason.
    private(set) var errors: [Reason: String] = [:]
    /// The name of the newest segment in the WAL archive; nil if unknown.
    var newestSegment: String?
    /// Backups dated in the future. They are ignored: a future success would suppress alerts until then.
    private(set) var futureBackups = 0

    /// The clock of the machine that makes backups may run ahead of ours by this much.
    static let futureTolerance: Duration = .seconds(300)

    /// Maximum number of characters of a tool's message.
    private static let messageLimit = 160

    mutating func take(_ backup: Backup, now: Timestamp) {
        guard backup.finished <= now + PostgresBackupReport.futureTolerance else {
            futureBackups += 1
            errors[.future] =
                futureBackups == 1
                ? "1 backup is dated in the future and does not count"
                : "\(futureBackups) backups are dated in the future and do not count"
            return
        }
        if let known = newest[backup.kind], known.finished >= backup.finished { return }
        newest[backup.kind] = backup
    }

    /// The first error for a reason counts; its message is cut to one short line.
    mutating func add(_ reason: Reason, _ message: String) {
        guard errors[reason] == nil else { return }
        let line = message.map { $0.isNewline || $0 == "\0" ? " " : $0 }.prefix(PostgresBackupReport.messageLimit)
        errors[reason] = String(line)
    }

    /// Call once all backups have been added.
    mutating func conclude() {
        if last?.isDamaged == true { add(.damaged, "the newest backup contains errors") }
    }

    /// The newest backup of any type.
    var last: Backup? { newest.values.max { ($0.finished, $0.kind.rawValue) < ($1.finished, $1.kind.rawValue) } }

    /// The end of the newest archived segment as a position in the WAL. Source: PostgreSQL's manual, WAL Internals: a
    /// segment's name is timeline, high and low part of its number, eight hexadecimal digits each.
    func archivePosition(segmentBytes: Int) -> Double? {
        guard let name = newestSegment, name.utf8.count == 24, name.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
            let high = UInt32(name.dropFirst(8).prefix(8), radix: 16), let low = UInt32(name.suffix(8), radix: 16),
            segmentBytes > 0, (Double(low) + 1) * Double(segmentBytes) <= 4_294_967_296
        else { return nil }
        return Double(high) * 4_294_967_296 + (Double(low) + 1) * Double(segmentBytes)
    }

    /// A time in seconds since the epoch, as a number or a text; nil if invalid.
    static func time(_ seconds: Double?) -> Timestamp? {
        guard let seconds, seconds > 0, seconds < 1e11 else { return nil }
        return Timestamp(seconds: seconds)
    }

    /// Selects the stanza or server that the configuration names.
    static func chosen<Value>(
        _ all: [(name: String, value: Value)], _ name: String?, _ word: String
    ) throws(ProbeFailure) -> (name: String, value: Value) {
        if let name {
            guard let found = all.first(where: { $0.name == name }) else {
                throw ProbeFailure("not_found", "the file contains no \(word) \"\(name)\"")
            }
            return found
        }
        guard let only = all.first else { throw ProbeFailure("not_found", "the file contains no \(word)") }
        guard all.count == 1 else {
            let names = all.prefix(5).map { "\"\($0.name.prefix(64))\"" }.joined(separator: ", ")
            throw ProbeFailure(
                "configuration",
                "the file tells of \(all.count) \(word)s (\(names)\(all.count > 5 ? ", …" : "")): name one under \"\(word)\""
            )
        }
        return only
    }

    /// - Throws: if the input is not JSON of this form.
    static func decoded<Form: Decodable>(
        _ type: Form.Type, _ bytes: [UInt8], _ command: String
    ) throws(ProbeFailure) -> Form {
        guard bytes.contains(where: { $0 > 0x20 }) else {
            throw ProbeFailure("body", "the file is empty; expected the output of \(command)")
        }
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw ProbeFailure("body", "the file is not the complete output of \(command)")
        }
    }
}
