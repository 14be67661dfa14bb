import Dispatching
import FoundationEssentials
import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    func listSilences(_ request: ServerRequest) async -> ServerResponse {
        do throws(BadFilter) {
            let matchers = try WebService.filter(request)
            let now = platform.time.wall()
            let all = await sources.silences()
            return await page { json in
                let silences = all.filter { WebService.answers($0, matchers) }.sorted {
                    WebService.precedes($0, $1, now)
                }
                json.array { list in for one in silences { SilenceBody(one, at: now).write(&list) } }
            }
        } catch {
            return WebService.message(error.message, status: 400)
        }
    }

    func showSilence(_ id: String) async -> ServerResponse {
        guard let silence = await sources.silences().first(where: { $0.id == id }) else {
            return ServerResponse(status: 404)
        }
        let now = platform.time.wall()
        return WebService.json(JSONWriter.document(hidesMarkup: true) { SilenceBody(silence, at: now).write(&$0) })
    }

    func deleteSilence(_ id: String, _ caller: Caller) async -> ServerResponse {
        do throws(SilenceError) {
            try await sources.expireSilence(id, caller)
            return ServerResponse()
        } catch {
            if case .notFound = error { return ServerResponse(status: 404) }
            return WebService.message(error.description, status: 500)
        }
    }

    // MARK: Posting

    /// Maximum number of windows in a schedule.
    private static let windowLimit = 20

    private static func silence(_ request: ServerRequest) -> Reading<SilenceBody> {
        do {
            return .read(try JSONDecoder().decode(SilenceBody.self, from: Data(request.body)))
        } catch {
            return .refused(
                message(
                    "parsing silence body failed: expected matchers [{name, value, isRegex, isEqual}], startsAt, endsAt, createdBy, comment in JSON",
                    status: 400))
        }
    }

    func postSilence(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let posted: SilenceBody
        switch await reading({ WebService.silence(request) }) {
        case .refused(let response): return response
        case .read(let value): posted = value
        }
        guard let starts = Timestamp(rfc3339: posted.startsAt), let ends = Timestamp(rfc3339: posted.endsAt) else {
            return WebService.message("invalid time: expected RFC 3339", status: 400)
        }
        let now = platform.time.wall()
        guard ends > starts else {
            return WebService.message("failed to create silence: start time must be before end time", status: 400)
        }
        guard ends >= now else {
            return WebService.message("failed to create silence: end time can't be in the past", status: 400)
        }
        var sets: [[Matcher]]
        do throws(BadFilter) {
            sets = try WebService.matcherSets(posted)
        } catch {
            return WebService.message(error.message, status: 400)
        }
        let old: Silence? =
            if let id = posted.id, !id.isEmpty { await sources.silences().first { $0.id == id } } else { nil }
        // A client that supports only one set must not remove the others by an update.
        if posted.matcherSets == nil, let old, old.matchers == sets.first { sets = old.matcherSets }
        var schedule: [TimeWindow] = []
        if let given = posted.schedule {
            guard given.count <= WebService.windowLimit else {
                return WebService.message("more than \(WebService.windowLimit) windows in the schedule", status: 400)
            }
            do {
                schedule = try given.map { try $0.window(platform.files) }
            } catch {
                return WebService.message("invalid schedule: \(error)", status: 400)
            }
        } else if let old {
            // A client that does not support schedules must not remove one by an update.
            schedule = old.schedule
        }
        var silence = Silence(
            id: posted.id ?? "", matcherSets: sets, startsAt: starts, endsAt: ends,
            createdBy: posted.createdBy.isEmpty ? caller.name : posted.createdBy, comment: posted.comment,
            schedule: schedule, annotations: posted.annotations ?? old?.annotations ?? [:])
        // A client that does not know the flag must not clear it by an update.
        silence.untilResolved = posted.untilResolved ?? old?.untilResolved ?? false
        do throws(SilenceError) {
            let id = try await sources.setSilence(silence, caller)
            return WebService.json(
                JSONWriter.document(hidesMarkup: true) { json in json.object { $0.field("silenceID", id) } })
        } catch {
            if case .notFound = error { return WebService.message(error.description, status: 404) }
            return WebService.message(error.description, status: 400)
        }
    }

    /// The sets of a posted silence, with regular expressions compiled; from `matcherSets` if given.
    static func matcherSets(_ posted: SilenceBody) throws(BadFilter) -> [[Matcher]] {
        var given = posted.matcherSets?.map(\.matchers) ?? []
        if given.isEmpty { given = [posted.matchers ?? []] }
        guard given.reduce(0, { $0 + $1.count }) <= 100, given.count <= 100 else {
            throw BadFilter(message: "more than 100 matchers")
        }
        var sets: [[Matcher]] = []
        for set in given {
            var matchers: [Matcher] = []
            for one in set {
                guard !one.name.isEmpty else { throw BadFilter(message: "invalid label matcher: empty name") }
                do {
                    matchers.append(try one.matcher())
                } catch {
                    throw BadFilter(message: "invalid label matcher: \(error)")
                }
            }
            sets.append(matchers)
        }
        return sets
    }

    // MARK: Showing

    /// Whether a silence matches a filter, which treats the values of its matchers as labels. Source: api/v2/api.go,
    /// matchFilterLabels.
    private static func answers(_ silence: Silence, _ filter: [Matcher]) -> Bool {
        silence.matcherSets.contains { set in
            filter.allSatisfy { matcher in
                let value = set.last { $0.name == matcher.name }?.value
                let isNegative = matcher.operation == .notEqual || matcher.operation == .notMatches
                if matcher.value.isEmpty && (isNegative ? value != nil : value == nil) { return true }
                return matcher.matches(value ?? "")
            }
        }
    }

    /// Orders active silences by end, then pending ones by start, then expired ones by end, latest first.
    private static func precedes(_ a: Silence, _ b: Silence, _ now: Timestamp) -> Bool {
        let order: [Silence.State] = [.active, .pending, .expired]
        let (first, second) = (a.state(at: now), b.state(at: now))
        if first != second { return (order.firstIndex(of: first) ?? 0) < (order.firstIndex(of: second) ?? 0) }
        return switch first {
        case .active: (a.endsAt, a.id) < (b.endsAt, b.id)
        case .pending: (a.startsAt, a.id) < (b.startsAt, b.id)
        case .expired: (b.endsAt, b.id) < (a.endsAt, a.id)
        }
    }
}
