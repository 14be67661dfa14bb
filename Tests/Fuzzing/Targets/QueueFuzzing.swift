import Platform
import RemoteWrite
import Samples
import Synchronization

/// What a damaged or forged queue of remote write holds.
enum QueueFuzzing {
    private final class Folder: QueueFiles {
        struct File: QueueFile {
            let folder: Folder
            let name: String

            func write(_ bytes: [UInt8], at offset: Int64) throws(FileError) {
                folder.files.withLock { files in
                    let file = files[name] ?? []
                    let start = min(max(Int(clamping: offset), 0), file.count)
                    files[name] = file[..<start] + bytes + file.dropFirst(start + bytes.count)
                }
            }

            func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
                folder.files.withLock { Array(($0[name] ?? []).dropFirst(max(Int(clamping: offset), 0)).prefix(limit)) }
            }
        }

        let files = Mutex<[String: [UInt8]]>([:])

        func makeFolder() throws(FileError) {}
        func names() -> [String] { files.withLock { Array($0.keys) } }
        func create(_ name: String) throws(FileError) -> any QueueFile {
            files.withLock { $0[name] = [] }
            return File(folder: self, name: name)
        }
        func open(_ name: String) throws(FileError) -> any QueueFile { File(folder: self, name: name) }
        func rename(_ name: String, to new: String) throws(FileError) {
            files.withLock { $0[new] = $0.removeValue(forKey: name) }
        }
        func remove(_ name: String) throws(FileError) { files.withLock { $0[name] = nil } }
    }

    /// The first part is the file of the progress, the second a segment, and each further one a payload with a right
    /// checksum, behind a byte for its number of samples. Whatever they are, what is appended then comes out.
    static func segments(_ bytes: [UInt8]) throws {
        let folder = Folder()
        var parts = Parts.of(bytes)[...]
        folder.files.withLock { files in
            files["a.progress"] = parts.popFirst()
            files["a.00000000000000000001.segment"] = parts.popFirst()
            files["a.00000000000000000002.segment"] = parts.reduce(QueueRecord.magic) { file, part in
                let payload = Snappy.compress(Array(part.dropFirst()))
                return file + QueueRecord.framed(payload, samples: Int(part.first ?? 1))
            }
        }
        var queue = try DiskQueue("a", limits: .init(total: 1 << 20), files: folder)
        _ = try drain(&queue)
        let sample = Sample(Labels(name: "up"), 1, at: Timestamp(milliseconds: 1))
        guard queue.append([sample]).done == 1, try drain(&queue) == [sample] else {
            throw FuzzFinding("what was appended does not come out")
        }
        guard queue.unread == 0 else { throw FuzzFinding("\(queue.unread) samples are left of an empty queue") }
    }

    private static func drain(_ queue: inout DiskQueue) throws -> [Sample] {
        var samples: [Sample] = []
        while true {
            let batch = try queue.next(1000)
            if batch.samples.isEmpty { return samples }
            samples += batch.samples
            try queue.commit(batch.end)
        }
    }
}
