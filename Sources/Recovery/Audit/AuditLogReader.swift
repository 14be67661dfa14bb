package import Platform
import Probes
import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// Reads one log bit by bit: plain or compressed, a file or standard input. Its calls block.
final class AuditLogReader {
    private(set) var source: AuditAssessment.Source
    private var read: (() throws(FileError) -> [UInt8])?
    private var packed: PackedAuditLog?
    private var splitter = AuditLineSplitter()
    private var entries: [AuditEntry] = []
    private var next = 0
    private var isFirstPiece = true

    private static let pieceBytes = PackedAuditLog.pieceBytes

    /// - Parameter path: `-` for standard input.
    init(_ path: String, _ files: any FileAccess) {
        source = AuditAssessment.Source(path: path)
        do throws(FileError) {
            read = try AuditLogReader.opened(path, files)
        } catch {
            source.failure = error.reason
        }
    }

    /// The time of the next entry; nil at the end.
    var time: Timestamp? {
        while next >= entries.count, read != nil { fill() }
        return next < entries.count ? entries[next].time : nil
    }

    /// The next entry; nil at the end.
    func take() -> AuditEntry? {
        guard time != nil else { return nil }
        defer { next += 1 }
        return entries[next]
    }

    /// Reads the next piece.
    private func fill() {
        entries.removeAll(keepingCapacity: true)
        next = 0
        guard let read else { return }
        do throws(FileError) {
            let piece = try read()
            if isFirstPiece, PackedAuditLog.isPacked(piece) { packed = PackedAuditLog() }
            isFirstPiece = false
            guard !piece.isEmpty else {
                if let packed, !packed.isAtEnd { source.failure = "the compressed file ends in the middle" }
                return end()
            }
            guard let packed else { return split(piece) }
            let (bytes, isGood) = packed.take(piece)
            split(bytes)
            guard !isGood else { return }
            source.failure = "the compressed file is damaged, or grows beyond measure"
            end()
        } catch {
            source.failure = error.reason
            end()
        }
    }

    private func end() {
        read = nil
        splitter.finish(line)
    }

    private func split(_ bytes: [UInt8]) { splitter.take(bytes, line) }

    private func line(_ bytes: [UInt8], _ range: Range<Int>?) {
        source.lines += 1
        guard let range else { return source.faults[.oversized, default: 0] += 1 }
        let fault = AuditEntry.read(bytes, range) { entry in
            source.entries += 1
            source.first = source.first ?? entry.time
            source.last = entry.time
            entries.append(entry)
        }
        if let fault { source.faults[fault, default: 0] += 1 }
    }

    private static func opened(
        _ path: String, _ files: any FileAccess
    ) throws(FileError) -> () throws(FileError) -> [UInt8] {
        if path == "-" { return { () throws(FileError) in try piece(of: 0, "standard input") } }
        // What a shell's <(…) gives is a pipe, which has no positions.
        if path == "/dev/stdin" || path.hasPrefix("/dev/fd/") {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
            return { () throws(FileError) in try piece(of: descriptor, path) }
        }
        let file = try files.follow(path)
        var offset: Int64 = 0
        return { () throws(FileError) in
            let bytes = try file.read(at: offset, limit: pieceBytes)
            offset += Int64(bytes.count)
            return bytes
        }
    }

    /// Source: read(2).
    private static func piece(of descriptor: Int32, _ path: String) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
            return Array(bytes.prefix(count))
        }
    }
}

extension AuditAssessment {
    /// Reads logs and assesses them together, in the order of their entries' times: each node of a cluster writes its own,
    /// and only while it is active. Blocks until all are read.
    /// - Parameter paths: of plain or compressed files, in any order; `-` for standard input.
    package static func assess(
        _ paths: [String], _ options: AuditAssessmentOptions, _ files: any FileAccess
    ) -> AuditAssessment {
        let readers = paths.map { AuditLogReader($0, files) }
        var assessor = AuditAssessor(options)
        while true {
            var earliest: (reader: AuditLogReader, time: Timestamp)?
            for reader in readers {
                guard let time = reader.time, time < earliest?.time ?? time + .milliseconds(1) else { continue }
                earliest = (reader, time)
            }
            guard let entry = earliest?.reader.take() else { return assessor.finish(readers.map(\.source)) }
            assessor.take(entry)
        }
    }
}
