import Platform
import Samples
import Synchronization
import Text

/// Reads the record files of backup runs, restore tests and drills.
final class RecordProbe: RunnableProbe {
    /// The end of a file.
    private struct Tail: Sendable {
        var bytes: [UInt8]
        var isCut: Bool
        var isRotated = false
    }

    let target = ProbeTarget(.records, "records")
    private let options: RecordOptions
    private let platform: Platform
    /// The last report with the hash of its input, so that unchanged files are not parsed again.
    private let last = Mutex<(fingerprint: Int, report: RecordReport)?>(nil)

    init(options: RecordOptions, platform: Platform) {
        self.options = options
        self.platform = platform
    }

    var interval: Duration { options.interval }
    var timeout: Duration { options.timeout }

    func timedOut() -> ProbeReport {
        failed(
            ProbeFailure("timeout", "reading the files took longer than \(Words.duration(timeout))"), samples: [])
    }

    func run() async -> ProbeReport {
        var set = SampleSet(at: platform.time.wall())
        var tails: [Tail] = []
        var failure: ProbeFailure?
        for path in options.paths {
            do throws(FileError) {
                let tail = try await platform.files.tailInTime(path, limit: options.tailBytes)
                tails.append(Tail(bytes: tail.bytes, isCut: tail.isCut))
                set.add("records_readable", 1, ["file": path])
                if !tail.isCut { tails += await rotated(path, limit: options.tailBytes - tail.bytes.count) }
            } catch {
                failure = failure ?? ProbeFailure("other", error.description)
                set.add("records_readable", 0.0, ["file": path])
                tails += await rotated(path, limit: options.tailBytes)
            }
        }
        let report = report(of: tails)
        set.add("records_unreadable_lines", report.unreadableLines)
        set.add("records_future_events", report.futureEvents)
        report.add(to: &set)
        if let failure { return failed(failure, samples: set.samples) }
        return ProbeReport(samples: set.samples, failure: nil, status: report.status)
    }

    /// The rotated files: the records in them are still needed.
    private func rotated(_ path: String, limit: Int) async -> [Tail] {
        var tails: [Tail] = []
        var rest = limit
        for older in await RotatedFiles.paths(of: path, platform.files) {
            guard rest > 0, let tail = await RotatedFiles.tail(older, limit: rest, platform.files) else { break }
            tails.append(Tail(bytes: tail.bytes, isCut: tail.isCut, isRotated: true))
            rest = tail.isCut ? 0 : rest - tail.bytes.count
        }
        return tails
    }

    private func report(of tails: [Tail]) -> RecordReport {
        var hasher = Hasher()
        for tail in tails { hasher.combine(tail.bytes) }
        let fingerprint = hasher.finalize()
        // An event dated in the future counts as soon as its time has come.
        if let last = last.withLock({ $0 }), last.fingerprint == fingerprint, last.report.futureEvents == 0 {
            return last.report
        }
        var report = RecordReport(now: platform.time.wall())
        for tail in tails { report.take(tail.bytes, isCut: tail.isCut, isRotated: tail.isRotated) }
        last.withLock { $0 = (fingerprint, report) }
        return report
    }

    private func failed(_ failure: ProbeFailure, samples: [Sample]) -> ProbeReport {
        ProbeReport(
            samples: samples, failure: failure, status: TargetStatus(.warning, "not read", detail: failure.description))
    }
}
