import HTTPServer
import Platform
import Samples
import Text

/// The states of a target over time, and backups one by one: extensions of vaultwatch,
/// `GET /api/v1/vaultwatch/states?target=vault_node%20prod/vault-2` with `start` and `end` (default: the last six hours), and
/// `GET /api/v1/vaultwatch/backups`.
extension WebService {
    private static let span = Duration.seconds(6 * 3600)

    /// Without a target: the states of all targets over the last six hours.
    func states(_ request: ServerRequest) async throws(QueryError) -> Document {
        let now = platform.time.wall()
        let to = try WebService.time("end", request, default: now)
        let from = try WebService.time("start", request, default: to - WebService.span)
        guard let target = request.item("target"), !target.isEmpty else {
            let states = try await sources.snapshot().states
            return WebService.success { json in
                json.array { list in for states in states { list.object { states.write(&$0) } } }
            }
        }
        guard let states = try await sources.states(target, from, to) else {
            throw QueryError(.notFound, "there is no target \(target.quotedAsInGo)")
        }
        return WebService.success { json in json.object { states.write(&$0) } }
    }

    func backups() async -> Document {
        let backups = await sources.backups()
        return WebService.success { json in json.object { backups.write(&$0) } }
    }
}

extension TargetStates {
    func write(_ one: inout JSONWriter) {
        one.field("target", target)
        one.key("runs")
        one.array { list in
            for run in runs {
                list.object { one in
                    one.field("from", run.from.rfc3339)
                    if let to = run.to { one.field("to", to.rfc3339) }
                    one.field("state", run.state)
                    one.field("health", run.health.rawValue)
                }
            }
        }
    }
}

extension BackupsView {
    func write(_ one: inout JSONWriter) {
        one.field("now", now.rfc3339)
        if let recoveryPoint { one.field("recoveryPointSeconds", recoveryPoint.seconds) }
        if let recoveryTime { one.field("recoveryTimeSeconds", recoveryTime.seconds) }
        if let restoreTestedAt { one.field("restoreTestedAt", restoreTestedAt.rfc3339) }
        if let restoreTestFailedAt { one.field("restoreTestFailedAt", restoreTestFailedAt.rfc3339) }
        one.key("sets")
        one.array { list in for set in sets { list.object { set.write(&$0) } } }
    }
}

extension BackupCalendarView {
    func write(_ one: inout JSONWriter) {
        one.field("set", set)
        one.field("bucket", bucket)
        one.field("prefix", prefix)
        one.field("schedule", schedule)
        one.field("retention", retention)
        if let listedAt { one.field("listedAt", listedAt.rfc3339) }
        if !error.isEmpty { one.field("error", error) }
        if let nextDue { one.field("nextDue", nextDue.rfc3339) }
        if let medianSize { one.field("medianSizeBytes", medianSize) }
        if let newestGood { one.field("newestGood", newestGood.rfc3339) }
        one.key("days")
        one.array { list in
            for day in days {
                list.object { one in
                    one.field("date", day.date)
                    one.field("state", day.state.rawValue)
                    if let key = day.key { one.field("key", key) }
                    if let size = day.size { one.field("size", size) }
                    if !day.storageClass.isEmpty { one.field("class", day.storageClass) }
                    if let at = day.madeAt { one.field("madeAt", at.rfc3339) }
                    if let at = day.uploadedAt { one.field("uploadedAt", at.rfc3339) }
                    if let at = day.readAt { one.field("readAt", at.rfc3339) }
                    if !day.detail.isEmpty { one.field("detail", day.detail) }
                }
            }
        }
    }
}
