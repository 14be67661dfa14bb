package import Alerts
import FoundationEssentials
import Samples
import Text

/// The journal's format of a record: JSON, times in milliseconds. Fields may be added; readers ignore unknown ones.
extension IncidentRecord {
    /// Key prefix of records in the journal's state table; older versions have no keys with it.
    package static let keyPrefix = "fault/"
    /// The key of a record.
    package static func storageKey(_ number: Int) -> String { keyPrefix + String(number) }

    /// The encoded record.
    package func encoded() -> [UInt8] {
        JSONWriter.document { json in
            json.object { one in
                one.field("number", number)
                one.field("startsAt", startsAt.milliseconds)
                if let endedAt { one.field("endedAt", endedAt.milliseconds) }
                one.field("severity", severity.rawValue)
                one.key("members")
                one.array { list in for member in members { member.write(&list) } }
                if omittedMembers > 0 { one.field("omittedMembers", omittedMembers) }
                if let acknowledgement {
                    one.key("acknowledgement")
                    one.object { fields in
                        fields.field("by", acknowledgement.by)
                        fields.field("comment", acknowledgement.comment)
                        fields.field("at", acknowledgement.at.milliseconds)
                    }
                }
                if let firstAcknowledgedAt { one.field("firstAcknowledgedAt", firstAcknowledgedAt.milliseconds) }
                if let toldAt { one.field("toldAt", toldAt.milliseconds) }
                if !notes.isEmpty {
                    one.key("notes")
                    one.array { list in
                        for note in notes {
                            list.object { fields in
                                fields.field("at", note.at.milliseconds)
                                fields.field("by", note.by)
                                fields.field("text", note.text)
                            }
                        }
                    }
                }
                if let mergedInto { one.field("mergedInto", mergedInto) }
            }
        }
    }

    private struct Stored: Decodable {
        struct Acknowledged: Decodable {
            var by: String
            var comment: String
            var at: Int64
        }
        struct Note: Decodable {
            var at: Int64
            var by: String
            var text: String
        }
        var number: Int
        var startsAt: Int64
        var endedAt: Int64?
        var severity: String
        var members: [IncidentMember.Stored]
        var omittedMembers: Int?
        var acknowledgement: Acknowledged?
        var firstAcknowledgedAt: Int64?
        var toldAt: Int64?
        var notes: [Note]?
        var mergedInto: Int?
    }

    /// Why a record can't be decoded.
    private struct Unreadable: Error {}

    /// Decodes a record of the journal.
    /// - Throws: errors of `JSONDecoder`, or an error for a record without alerts.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        guard let first = stored.members.first, stored.number > 0 else { throw Unreadable() }
        func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map { Timestamp(milliseconds: $0) } }
        self.init(number: stored.number, first.member)
        startsAt = Timestamp(milliseconds: stored.startsAt)
        endedAt = time(stored.endedAt)
        severity = Severity(rawValue: stored.severity) ?? .unknown
        members = stored.members.prefix(IncidentRecord.memberLimit).map(\.member)
        omittedMembers = max(stored.omittedMembers ?? 0, 0)
        acknowledgement = stored.acknowledgement.map {
            Acknowledgement(by: $0.by, comment: $0.comment, at: Timestamp(milliseconds: $0.at))
        }
        firstAcknowledgedAt = time(stored.firstAcknowledgedAt)
        toldAt = time(stored.toldAt)
        notes = (stored.notes ?? []).prefix(IncidentRecord.noteLimit).map {
            IncidentNote(at: Timestamp(milliseconds: $0.at), by: $0.by, text: $0.text)
        }
        mergedInto = stored.mergedInto
    }
}

extension IncidentMember {
    fileprivate struct Stored: Decodable {
        var id: UInt64
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: Int64
        var endsAt: Int64?
        var generatorURL: String?
        var external: Bool?
        var explainedBy: UInt64?

        var member: IncidentMember {
            let start = Timestamp(milliseconds: startsAt)
            return IncidentMember(
                Alert(
                    labels: Labels(labels), annotations: annotations, startsAt: start,
                    endsAt: endsAt.map { Timestamp(milliseconds: $0) }, updatedAt: start,
                    generatorURL: generatorURL ?? "", isExternal: external ?? false), id: id, explainedBy: explainedBy)
        }
    }

    fileprivate func write(_ json: inout JSONWriter) {
        json.object { one in
            one.key("id")
            one.raw(String(id))
            one.field("labels", alert.labels)
            one.field("annotations", alert.annotations)
            one.field("startsAt", alert.startsAt.milliseconds)
            if let endsAt = alert.endsAt { one.field("endsAt", endsAt.milliseconds) }
            if !alert.generatorURL.isEmpty { one.field("generatorURL", alert.generatorURL) }
            if alert.isExternal { one.field("external", true) }
            if let explainedBy {
                one.key("explainedBy")
                one.raw(String(explainedBy))
            }
        }
    }
}
