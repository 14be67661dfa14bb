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

    /// The most windows in a schedule.
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
        guard posted.matchers.count <= 100 else { return WebService.message("more than 100 matchers", status: 400) }
        var matchers: [Matcher] = []
        for one in posted.matchers {
            guard !one.name.isEmpty else { return WebService.message("invalid label matcher: empty name", status: 400) }
            do {
                matchers.append(try one.matcher())
            } catch {
                return WebService.message("invalid label matcher: \(error)", status: 400)
            }
        }
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
        } else if let id = posted.id, let old = await sources.silences().first(where: { $0.id == id }) {
            // A client that does not support schedules must not remove one by an update.
            schedule = old.schedule
        }
        let silence = Silence(
            id: posted.id ?? "", matchers: matchers, startsAt: starts, endsAt: ends,
            createdBy: posted.createdBy.isEmpty ? caller.name : posted.createdBy, comment: posted.comment,
            schedule: schedule)
        do throws(SilenceError) {
            let id = try await sources.setSilence(silence, caller)
            return WebService.json(
                JSONWriter.document(hidesMarkup: true) { json in json.object { $0.field("silenceID", id) } })
        } catch {
            if case .notFound = error { return WebService.message(error.description, status: 404) }
            return WebService.message(error.description, status: 400)
        }
    }

    // MARK: Showing

    /// Whether a silence matches a filter, which treats the values of its matchers as labels. Source: api/v2/api.go,
    /// matchFilterLabels.
    private static func answers(_ silence: Silence, _ filter: [Matcher]) -> Bool {
        filter.allSatisfy { matcher in
            let value = silence.matchers.last { $0.name == matcher.name }?.value
            let isNegative = matcher.operation == .notEqual || matcher.operation == .notMatches
            if matcher.value.isEmpty && (isNegative ? value != nil : value == nil) { return true }
            return matcher.matches(value ?? "")
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
