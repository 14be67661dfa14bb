import Platform
import Samples
import Testing

@testable import Probes

/// Individual backups: listed, read and missing ones, across restarts.
struct BackupLedgerTests {
    private static let now = Timestamp(year: 2025, month: 11, day: 20, hour: 9)

    private static func options() -> BackupSetOptions {
        BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
    }

    private static func key(_ day: Int) -> String { "daily/vault-\(20_251_100 + day)-020000.snap" }

    private static func object(_ day: Int, size: Int64 = 1000, etag: String? = nil, class name: String? = nil)
        -> BackupObject
    {
        BackupObject(
            key: key(day), size: size, lastModified: Timestamp(year: 2025, month: 11, day: day, hour: 2, minute: 5),
            etag: etag ?? "e\(day)", storageClass: name ?? "STANDARD")
    }

    private static func report(_ objects: [BackupObject], at now: Timestamp = now, isTruncated: Bool = false)
        -> BackupReport
    {
        BackupReport(options: options(), objects: objects, covering: [], isTruncated: isTruncated, now: now)
    }

    private static func verdict(_ object: BackupObject, isChecksumValid: Bool = true) -> BackupVerdict {
        BackupVerdict(
            object: object, sha256: "", isChecksumValid: isChecksumValid, isEncryptionValid: nil, keyIndex: nil,
            content: nil, bytes: object.size, duration: .zero, at: now)
    }

    /// `18 verified`
    private static func days(_ ledger: BackupLedger) -> [String] {
        (ledger.listings.first?.days ?? []).map { "\($0.date.suffix(2)) \($0.state.rawValue)" }
    }

    @Test func eachDayIsWhatIsKnownOfIt() {
        let ledger = BackupLedger()
        let objects = [
            Self.object(13, class: "GLACIER"), Self.object(14), Self.object(15, size: 0), Self.object(17),
            Self.object(18), Self.object(19), Self.object(20),
        ]
        ledger.noteListing(Self.report(objects))
        ledger.note(Self.verdict(objects[1]), of: "daily")
        ledger.note(Self.verdict(objects[6], isChecksumValid: false), of: "daily")
        ledger.noteArchived(objects[4], of: "daily", at: Self.now)
        // Another object under the key of a verified one.
        ledger.note(Self.verdict(Self.object(19, etag: "other")), of: "daily")
        #expect(
            Self.days(ledger).joined(separator: ", ")
                == "13 archived, 14 verified, 15 empty, 16 missing, 17 present, 18 archived, 19 present, 20 corrupt, 21 due"
        )
        let corrupt = ledger.listings[0].days.first { $0.state == .corrupt }
        #expect(corrupt?.detail == "checksum wrong" && corrupt?.readAt == Self.now)
    }

    /// Before its time and within its grace period a backup is due, afterwards missing.
    @Test func aBackupIsDueUntilItsGraceIsOver() {
        let ledger = BackupLedger()
        let objects = [Self.object(18), Self.object(19)]
        for (hour, last) in [(1, "20 due"), (2, "20 due"), (4, "20 missing")] {
            let now = Timestamp(year: 2025, month: 11, day: 20, hour: hour, minute: 30)
            ledger.noteListing(Self.report(objects, at: now))
            #expect(Self.days(ledger).first { $0.hasPrefix("20") } == last, "\(hour):30")
        }
    }

    /// *Verified* survives the next backup, a reload and a restart, and is dropped with its object.
    @Test func whatWasReadStaysKnown() throws {
        let ledger = BackupLedger()
        ledger.noteListing(Self.report([Self.object(19), Self.object(20)]))
        ledger.note(Self.verdict(Self.object(19)), of: "daily")
        ledger.note(Self.verdict(Self.object(20)), of: "daily")
        let stored = try #require(ledger.takeChanges()["daily"] ?? nil)
        #expect(ledger.takeChanges().isEmpty)
        let next = BackupLedger()
        next.restore("daily", stored)
        next.noteListing(Self.report([Self.object(19), Self.object(20)]))
        #expect(Self.days(next).prefix(2) == ["19 verified", "20 verified"])
        // A truncated listing says nothing about objects missing from it.
        next.noteListing(Self.report([Self.object(20)], isTruncated: true))
        #expect(next.takeChanges().isEmpty)
        next.noteListing(Self.report([Self.object(20)]))
        #expect(next.takeChanges().keys.sorted() == ["daily"])
        next.noteListing(Self.report([Self.object(19), Self.object(20)]))
        #expect(Self.days(next).prefix(2) == ["19 present", "20 verified"])
        next.retain([])
        let gone = next.takeChanges()
        #expect(next.listings.isEmpty && gone.keys.sorted() == ["daily"] && gone.values.allSatisfy { $0 == nil })
        next.restore("x", [1, 2, 3])
        #expect(next.all.isEmpty)
    }

    /// A verified backup that moves to the archive must be restored from there first, and is still shown as having been
    /// valid.
    @Test func anArchivedOneSaysWhatItsReadingFound() {
        let ledger = BackupLedger()
        ledger.note(Self.verdict(Self.object(19)), of: "daily")
        ledger.noteArchived(Self.object(19, class: "DEEP_ARCHIVE"), of: "daily", at: Self.now)
        ledger.noteListing(Self.report([Self.object(19, class: "DEEP_ARCHIVE"), Self.object(20)]))
        let day = ledger.listings[0].days[0]
        #expect(day.state == .archived && day.detail == "checksum right" && day.readAt == Self.now)
    }

    @Test func aListingThatFailsKeepsTheDaysAndSaysWhy() {
        let ledger = BackupLedger()
        ledger.noteListing(Self.report([Self.object(20)]))
        ledger.noteFailure(Self.options(), ProbeFailure("denied", "s3:ListBucket"))
        #expect(ledger.listings[0].error == "denied: s3:ListBucket" && ledger.listings[0].listedAt == Self.now)
        #expect(Self.days(ledger).contains("20 present"))
        ledger.noteListing(Self.report([Self.object(20)]))
        #expect(ledger.listings[0].error.isEmpty)
    }

    @Test func daysAndFindingsAreBounded() {
        let ledger = BackupLedger()
        let objects = (0..<3000).map { index in
            BackupObject(
                key: "daily/vault-\((Self.now - .seconds(Int64(index) * 86_400)).rfc3339.prefix(10)).snap", size: 9,
                lastModified: Self.now, etag: "e")
        }
        for object in objects.prefix(600) { ledger.note(Self.verdict(object), of: "daily") }
        ledger.noteListing(Self.report(objects))
        #expect(ledger.listings[0].days.count == 400)
        #expect((ledger.all["daily"]?.count ?? 0) < 100_000)
    }
}
