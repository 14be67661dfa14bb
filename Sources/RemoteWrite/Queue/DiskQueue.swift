package import Platform
package import Samples
import Text

/// Samples on disk, in the order in which they came: segments that are appended to, and deleted when all of their
/// samples have been sent, or when all together exceed their limit, the oldest first.
///
/// Nothing waits for the disk's confirmation: the kernel keeps what was written if the process is killed. After a crash
/// of the machine the end of a segment may be missing or torn; each record has a checksum, and what follows the first
/// wrong one in its segment is given up.
///
/// Its calls block; it belongs to one thread at a time. A call that throws has changed nothing that a later call would
/// miss.
package struct DiskQueue {
    /// How large the segments may be.
    package struct Limits: Hashable, Sendable {
        /// All segments together, in bytes.
        package var total: Int64
        /// One segment, in bytes: a sixteenth of it all, since what is dropped is dropped by segments.
        var segment: Int64 { min(max(total / 16, 64 << 10), 4 << 20) }

        /// - Parameter total: at least a megabyte.
        package init(total: Int64) { self.total = total }
    }

    /// What was lost, since the queue was opened.
    package struct Losses: Hashable, Sendable {
        /// Samples that were the oldest when the queue was full.
        package var full = 0
        /// Samples whose labels are too long to be sent.
        package var refused = 0
        /// Segments with a broken or missing record; how many samples were behind it is unknown.
        package var corruptions = 0
    }

    /// Samples to send, and where in the queue they end.
    package struct Batch {
        /// In the order in which they came.
        package var samples: [Sample] = []
        /// For `commit`.
        package var end = QueuePosition()
    }

    private struct Segment {
        let number: UInt64
        /// Behind its last intact record, in bytes.
        var end: Int64
        var samples = 0
    }

    private struct Writer {
        let file: any QueueFile
        var encoder = RecordEncoder()
    }

    private struct Reader {
        let file: any QueueFile
        let segment: UInt64
        /// Where the record of `samples` begins, and where it ends.
        var (offset, next): (Int64, Int64)
        var decoder = RecordDecoder()
        /// The current record, and how many of its samples have been read.
        var samples: [Sample] = []
        var taken = 0
        /// Samples of the segment that have been read.
        var total = 0

        var position: QueuePosition {
            taken < samples.count
                ? QueuePosition(segment: segment, offset: offset, sample: taken)
                : QueuePosition(segment: segment, offset: next, sample: 0)
        }
    }

    private let files: any QueueFiles
    private let name: String
    private let limits: Limits
    /// In order; the last one is appended to if there is a writer.
    private var segments: [Segment] = []
    private var writer: Writer?
    private var reader: Reader?
    private var progress = QueueProgress()
    private var progressFile: (any QueueFile)?
    private var lastNumber: UInt64 = 0
    /// What was lost since it was opened.
    package private(set) var losses = Losses()

    /// Bytes of all segments.
    package var bytes: Int64 { segments.reduce(0) { $0.addingSaturated($1.end) } }

    /// Samples that have not been read.
    package var unread: Int {
        let first = reader?.segment ?? 0
        return segments.reduce(0) { $1.number < first ? $0 : $0 + $1.samples } - (reader?.total ?? 0)
    }

    /// Opens the queue of a name, with everything that an earlier process has left in it.
    /// - Throws: `FileError` if the folder or a file in it can't be read.
    package init(_ name: String, limits: Limits, files: any QueueFiles) throws(FileError) {
        (self.name, self.limits, self.files) = (name, limits, files)
        try files.makeFolder()
        let numbers = files.names().compactMap { QueueName.segment($0, of: name) }.sorted()
        do throws(FileError) {
            let file = try files.open(QueueName.progress(of: name))
            progress = QueueProgress(try file.read(at: 0, limit: QueueProgress.bytes + 1)) ?? QueueProgress()
        } catch  where error.isMissing {}
        for number in numbers {
            if number < progress.sent.segment {
                // One that can't be removed is no reason to send nothing.
                try? files.remove(QueueName.segment(number, of: name))
            } else {
                segments.append(try scan(number))
            }
        }
        // The number of a lost segment must not be given again: what `progress` says of it would be taken for the new.
        lastNumber = max(numbers.last ?? 0, progress.sent.segment, progress.tried.segment)
        try seek()
    }

    /// Checks an earlier process's segment; a broken one ends before its first broken record.
    private mutating func scan(_ number: UInt64) throws(FileError) -> Segment {
        let file = try files.open(QueueName.segment(number, of: name))
        var segment = Segment(number: number, end: Int64(QueueRecord.magic.count))
        guard try file.read(at: 0, limit: QueueRecord.magic.count) == QueueRecord.magic else {
            losses.corruptions += 1
            return segment
        }
        while true {
            let head = try file.read(at: segment.end, limit: QueueRecord.headerBytes)
            if head.isEmpty { return segment }
            let start = segment.end.addingSaturated(Int64(QueueRecord.headerBytes))
            guard let header = QueueRecord.Header(head[...]),
                QueueRecord.isIntact(header, try file.read(at: start, limit: header.length))
            else {
                losses.corruptions += 1
                return segment
            }
            segment.end = start.addingSaturated(Int64(header.length))
            segment.samples += header.samples
        }
    }

    // MARK: Writing

    /// Appends samples.
    /// - Returns: how many of them are dealt with: written, or refused. Fewer than all only with an error, after which
    ///   the next call begins a new segment.
    package mutating func append(_ samples: [Sample]) -> (done: Int, error: FileError?) {
        var done = 0
        while done < samples.count {
            do throws(FileError) {
                var writer = try currentWriter()
                let (record, count, refused) = writer.encoder.encode(samples[done...])
                if let record { try write(record, count, &writer) }
                self.writer = writer
                losses.refused += refused
                done += count + refused
                try shrink()
            } catch {
                return (done, error)
            }
        }
        return (done, nil)
    }

    private mutating func currentWriter() throws(FileError) -> Writer {
        if let writer, let last = segments.last, last.end < limits.segment { return writer }
        writer = nil
        let number = lastNumber &+ 1
        let name = QueueName.segment(number, of: name)
        let file = try files.create(name)
        do throws(FileError) { try file.write(QueueRecord.magic, at: 0) } catch {
            // The name is used again, so that a full disk is not filled with empty files.
            try? files.remove(name)
            throw error
        }
        lastNumber = number
        segments.append(Segment(number: number, end: Int64(QueueRecord.magic.count)))
        return Writer(file: file)
    }

    private mutating func write(_ record: [UInt8], _ count: Int, _ writer: inout Writer) throws(FileError) {
        guard let last = segments.indices.last else { return }
        do throws(FileError) { try writer.file.write(record, at: segments[last].end) } catch {
            // The encoder has named series that the segment does not know: it can't go on.
            self.writer = nil
            if segments[last].samples == 0 {
                let empty = segments.removeLast()
                try? files.remove(QueueName.segment(empty.number, of: name))
            }
            throw error
        }
        segments[last].end = segments[last].end.addingSaturated(Int64(record.count))
        segments[last].samples += count
    }

    /// Drops the oldest segments while all together are too large.
    private mutating func shrink() throws(FileError) {
        while bytes > limits.total, segments.count > 1 {
            let first = segments.removeFirst()
            // What of it has been read was sent, or is being sent.
            if let reader, reader.segment >= first.number {
                losses.full += reader.segment == first.number ? first.samples - reader.total : 0
            } else {
                losses.full += first.samples
            }
            // It is forgotten even if its file can't be removed: it would be in the way for ever.
            if reader?.segment == first.number { reader = nil }
            try files.remove(QueueName.segment(first.number, of: name))
        }
    }

    // MARK: Reading

    /// The next samples, in order, at most so many; empty if all have been read.
    ///
    /// What an earlier process had sent without an answer comes first and by itself.
    package mutating func next(_ limit: Int) throws(FileError) -> Batch {
        var batch = Batch()
        let tried = progress.tried
        var isRepeat = false
        while try isReady(for: batch), var reader {
            let position = reader.position
            if batch.samples.isEmpty { isRepeat = position < tried }
            if isRepeat, position >= tried { break }
            var room = (isRepeat ? DiskQueue.batchLimit : limit) - batch.samples.count
            if isRepeat, (position.segment, position.offset) == (tried.segment, tried.offset) {
                room = min(room, tried.sample - reader.taken)
            }
            guard room > 0 else { break }
            let part = reader.samples[reader.taken...].prefix(room)
            batch.samples += part
            reader.taken += part.count
            reader.total += part.count
            batch.end = reader.position
            self.reader = reader
        }
        if !batch.samples.isEmpty {
            progress.tried = batch.end
            // Without it a restart sends again what has arrived.
            try? saveProgress()
        }
        return batch
    }

    /// `advance`, whose error waits for the next call if there is something to send: the reader has passed it already.
    private mutating func isReady(for batch: Batch) throws(FileError) -> Bool {
        do throws(FileError) { return try advance() } catch {
            if batch.samples.isEmpty { throw error }
            return false
        }
    }

    /// How many samples a batch may have at most.
    static let batchLimit = 10_000

    /// Forgets what was read up to a position: it was sent, or will never be.
    /// - Throws: `FileError` if that can't be remembered, or a segment can't be deleted.
    package mutating func commit(_ end: QueuePosition) throws(FileError) {
        progress.sent = max(progress.sent, end)
        try saveProgress()
        while segments.count > 1, segments[0].number < progress.sent.segment {
            let number = segments.removeFirst().number
            try files.remove(QueueName.segment(number, of: name))
        }
    }

    private mutating func saveProgress() throws(FileError) {
        if let progressFile { return try progressFile.write(progress.encoded, at: 0) }
        let name = QueueName.progress(of: name)
        let file = try files.create(name + ".new")
        try file.write(progress.encoded, at: 0)
        try files.rename(name + ".new", to: name)
        progressFile = file
    }

    /// Moves the reader to what has not been sent.
    private mutating func seek() throws(FileError) {
        guard let segment = segments.first, segment.number == progress.sent.segment else { return }
        var reader = try opened(segment.number)
        while reader.next < min(segment.end, progress.sent.offset), try read(&reader) {
            reader.taken = reader.samples.count
        }
        if reader.next == progress.sent.offset, progress.sent.sample > 0, try read(&reader) {
            reader.taken = min(progress.sent.sample, reader.samples.count)
        }
        reader.total = reader.total - reader.samples.count + reader.taken
        self.reader = reader
    }

    /// Makes `reader` stand before a sample.
    /// - Returns: false if there is none.
    private mutating func advance() throws(FileError) -> Bool {
        while true {
            guard var reader, let index = segments.firstIndex(where: { $0.number == reader.segment }) else {
                guard let first = segments.first(where: { $0.samples > 0 }) else { return false }
                self.reader = try opened(first.number)
                continue
            }
            if reader.taken < reader.samples.count { return true }
            if reader.next < segments[index].end {
                if try read(&reader) {
                    reader.total -= reader.samples.count
                    self.reader = reader
                } else {
                    losses.corruptions += 1
                    // What follows can't be read without it: its series may be defined there.
                    segments[index].end = reader.next
                    segments[index].samples = reader.total
                    if index == segments.indices.last { writer = nil }
                }
                continue
            }
            // The segments before it stay until what was read of them has been sent.
            guard let following = segments[(index + 1)...].first(where: { $0.samples > 0 }) else { return false }
            self.reader = try opened(following.number)
        }
    }

    private mutating func opened(_ number: UInt64) throws(FileError) -> Reader {
        let start = Int64(QueueRecord.magic.count)
        do throws(FileError) {
            let file = try files.open(QueueName.segment(number, of: name))
            return Reader(file: file, segment: number, offset: start, next: start)
        } catch {
            if error.isMissing, let index = segments.firstIndex(where: { $0.number == number }) {
                losses.corruptions += 1
                segments.remove(at: index)
                if index == segments.endIndex { writer = nil }
            }
            throw error
        }
    }

    /// Reads the next record, whose samples count as read in `total`.
    /// - Returns: false if it is broken.
    private func read(_ reader: inout Reader) throws(FileError) -> Bool {
        let head = try reader.file.read(at: reader.next, limit: QueueRecord.headerBytes)
        let start = reader.next.addingSaturated(Int64(QueueRecord.headerBytes))
        guard let header = QueueRecord.Header(head[...]) else { return false }
        let payload = try reader.file.read(at: start, limit: header.length)
        guard QueueRecord.isIntact(header, payload),
            let samples = try? reader.decoder.decode(payload, samples: header.samples)
        else { return false }
        (reader.offset, reader.next) = (reader.next, start.addingSaturated(Int64(header.length)))
        (reader.samples, reader.taken) = (samples, 0)
        reader.total += samples.count
        return true
    }
}
