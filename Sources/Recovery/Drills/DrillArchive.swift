import FoundationEssentials
package import Platform
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// The reports of drills, a file of JSON each, in a folder; the newest are kept.
package struct DrillArchive: Sendable {
    private let folder: String
    private let files: any FileAccess

    /// Maximum number of reports kept; the oldest are deleted.
    package static let limit = 500
    /// Maximum size of a report in bytes.
    package static let reportLimitBytes = 1 << 20

    /// An archive in a folder, which need not exist yet.
    package init(folder: String, files: any FileAccess) {
        self.folder = folder
        self.files = files
    }

    /// Creates the folder, and holds its lock until the value is released: one drill at a time on this machine.
    /// - Throws: `FileError`, also while another drill holds it.
    package func lock() throws(FileError) -> FileLock {
        do {
            try files.makeFolder(folder, mode: 0o750)
        } catch {
            guard files.glob(folder).isEmpty else { throw error }
            throw FileError(path: folder, reason: "the folder of reports cannot be made: \(error.reason)")
        }
        do {
            return try FileLock(folder + "/lock")
        } catch {
            throw FileError(path: error.path, reason: "\(error.reason); is another drill under way?")
        }
    }

    /// An id that no report has: `DR-2026-11-24-node-failure-prod`, the second one of a day with `-2` and so on.
    package func newID(scenario: String, cluster: String, day: Substring) -> String {
        let base = "DR-\(day)-\(DrillArchive.fileName(scenario))-\(DrillArchive.fileName(cluster))"
        let taken = Set(ids)
        if !taken.contains(base) { return base }
        return (2...DrillArchive.limit + 2).lazy.map { "\(base)-\($0)" }.first { !taken.contains($0) } ?? base
    }

    /// A cluster may have any name; a file may not.
    private static func fileName(_ text: String) -> String {
        let plain = text.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                || "-_".unicodeScalars.contains(scalar)
                ? Character(scalar) : "_"
        }
        return String(String(plain).truncated(toBytes: 64))
    }

    /// The ids of all reports, the oldest first as far as their days tell.
    package var ids: [String] {
        files.glob(folder + "/DR-*.json").compactMap { path in
            path.split(separator: "/").last.map { String($0.dropLast(".json".count)) }
        }.sorted()
    }

    /// Reads a report.
    /// - Throws: `FileError` for one that does not exist, or is none.
    package func report(_ id: String) throws(FileError) -> DrillReport {
        let path = "\(folder)/\(id).json"
        guard !id.contains("/") else { throw FileError(path: path, reason: "not the id of a drill") }
        let bytes = try files.read(path, limit: DrillArchive.reportLimitBytes)
        do {
            return try JSONDecoder().decode(DrillReport.self, from: Data(bytes))
        } catch {
            throw FileError(path: path, reason: "not the report of a drill: \(error)")
        }
    }

    /// All reports that can be read, the newest first.
    package var reports: [DrillReport] {
        ids.suffix(DrillArchive.limit).compactMap { id in try? report(id) }.sorted { $0.startedAt > $1.startedAt }
    }

    /// The newest report of a scenario in a cluster that was begun, as a later one compares itself with it.
    package func previous(scenario: String, cluster: String) -> DrillReport.Previous? {
        reports.first { $0.scenario == scenario && $0.cluster == cluster && $0.outcome != .refused }?.summary
    }

    /// Stores a report for its owner and group to read, completely or not at all, and deletes the oldest beyond the limit.
    /// - Throws: `FileError`.
    package func store(_ report: DrillReport) throws(FileError) {
        let path = "\(folder)/\(report.id).json"
        let bytes = try DrillArchive.encoded(report, path)
        let part = path + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw DrillArchive.failure(part) }
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let failure = DrillArchive.failure(part)
        close(descriptor)
        guard isWritten else {
            try? files.remove(part)
            throw failure
        }
        try files.rename(part, to: path)
        for old in ids.dropLast(DrillArchive.limit) { try? files.remove("\(folder)/\(old).json") }
    }

    /// The report as it is stored and printed: JSON, its names sorted.
    package static func encoded(_ report: DrillReport, _ path: String = "") throws(FileError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(report)) + [UInt8(ascii: "\n")]
        } catch {
            throw FileError(path: path, reason: "the report has no JSON form: \(error)")
        }
    }

    private static func failure(_ path: String) -> FileError {
        FileError(path: path, reason: String(cString: strerror(errno)))
    }
}
