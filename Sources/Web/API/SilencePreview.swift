package import Alerts
package import Dispatching
import FoundationEssentials
import HTTPServer
import Platform
package import Samples
import Text

/// What a silence would match: an extension of vaultwatch, `POST /api/v1/vaultwatch/silences/preview`.
package struct SilencePreview: Sendable, Hashable, Codable {
    /// An alert that it would match.
    package struct Match: Sendable, Hashable, Codable {
        /// The alert's labels.
        package var labels: [String: String]
        /// When it began to fire; for a resolved one the time of its latest history entry. RFC 3339.
        package var at: String
        /// Its current state: `active`, `suppressed`, `unprocessed`, or `ended`.
        package var state: String
    }

    /// Firing alerts that it would match, by their labels; 1,000 at most.
    package var now: [Match]
    /// Alerts that fired in the last 24 hours but do not now; 1,000 at most.
    package var past: [Match]
    /// How many alerts fire, matching or not.
    package var firing: Int
    /// Names in the matchers that no alert had, now or in the last 24 hours.
    package var unknownLabels: [String]
}

extension WebService {
    /// Takes a body as for `POST /api/v2/silences`, but uses only the matchers. Changes nothing.
    func previewSilence(_ request: ServerRequest) async throws(QueryError) -> Document {
        let sets: [[Matcher]]
        switch await reading({ WebService.previewed(request) }) {
        case .refused: throw QueryError(.badData, "expected matchers or matcherSets in JSON, as for a silence")
        case .read(let body):
            do throws(BadFilter) {
                sets = try WebService.matcherSets(body)
            } catch {
                throw QueryError(.badData, error.message)
            }
        }
        guard sets.allSatisfy({ set in set.contains { !$0.matches("") } }) else {
            throw QueryError(.badData, "at least one matcher must not match the empty string")
        }
        let present = await sources.alertStatuses()
        let entries = try await sources.history(SilencePreview.query(at: platform.time.wall()))
        return { json in
            let preview = SilencePreview(sets, present, entries())
            WebService.success { one in preview.write(&one) }(&json)
        }
    }

    private static func previewed(_ request: ServerRequest) -> Reading<SilenceBody> {
        struct Posted: Decodable {
            var matchers: [SilenceBody.Matcher]?
            var matcherSets: [SilenceBody.MatcherSet]?
        }
        guard let posted = try? JSONDecoder().decode(Posted.self, from: Data(request.body)) else {
            return .refused(message("expected matchers", status: 400))
        }
        var body = SilenceBody(matchers: posted.matchers ?? [], startsAt: "", endsAt: "", createdBy: "", comment: "")
        body.matcherSets = posted.matcherSets
        return .read(body)
    }
}

extension SilencePreview {
    /// How far back a preview searches.
    package static let span: Duration = .seconds(86400)
    private static let limit = 1000
    private static let historyLimit = 10_000

    /// The part of the history that a preview needs.
    package static func query(at now: Timestamp) -> HistoryQuery {
        HistoryQuery(
            from: now - span, to: now,
            kinds: [HistoryEntry.Kind.firing.rawValue, HistoryEntry.Kind.ended.rawValue], limit: historyLimit)
    }

    /// - Parameters:
    ///   - sets: as in a silence: one of them must match.
    ///   - present: all firing alerts.
    ///   - entries: what `query` gives.
    package init(_ sets: [[Matcher]], _ present: [AlertStatus], _ entries: [HistoryEntry]) {
        func isMatched(_ labels: Labels) -> Bool { sets.contains { $0.allSatisfy { $0.matches(labels) } } }
        let firing = Set(present.map(\.alert.labels))
        var past: [Labels: HistoryEntry] = [:]
        // Newest first.
        for entry in entries where past.count < SilencePreview.historyLimit {
            guard let labels = MatcherSyntax.labels(entry.subject), past[labels] == nil else { continue }
            past[labels] = entry
        }
        func match(_ labels: Labels, _ at: Timestamp, _ state: String) -> Match {
            Match(labels: labels.dictionary, at: at.rfc3339, state: state)
        }
        func sorted(_ matches: [(labels: Labels, match: Match)]) -> [Match] {
            matches.sorted { $0.labels.description < $1.labels.description }.prefix(SilencePreview.limit).map(\.match)
        }
        let named = Set(sets.joined().map(\.name))
        let known = Set((firing.union(past.keys)).flatMap { $0.pairs.map(\.name) })
        self.init(
            now: sorted(
                present.filter { isMatched($0.alert.labels) }.map {
                    ($0.alert.labels, match($0.alert.labels, $0.alert.startsAt, $0.state.rawValue))
                }),
            past: sorted(
                past.filter { !firing.contains($0.key) && isMatched($0.key) }.map {
                    ($0.key, match($0.key, $0.value.at, "ended"))
                }),
            firing: present.count, unknownLabels: named.subtracting(known).sorted())
    }

    func write(_ json: inout JSONWriter) {
        json.object { one in
            one.key("now")
            one.array { list in for match in now { match.write(&list) } }
            one.key("past")
            one.array { list in for match in past { match.write(&list) } }
            one.field("firing", firing)
            one.field("unknownLabels", unknownLabels)
        }
    }
}

extension SilencePreview.Match {
    func write(_ json: inout JSONWriter) {
        json.object { one in
            one.field("labels", labels)
            one.field("at", at)
            one.field("state", state)
        }
    }
}
