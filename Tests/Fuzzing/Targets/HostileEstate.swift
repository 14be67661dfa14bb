import Alerts
import Console
import Dispatching
import HTTPServer
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Text
import Web

/// A small estate during an incident, in which one text is every name, state, reason, comment and note; and the web
/// service over it, where anybody may change something.
struct HostileEstate {
    /// The pages, and `/token/*action`, which answers with the token of a form.
    let service: WebService
    /// The silences that have been made.
    var silences: [Silence] { board.dispatcher.withLock { $0.allSilences } }
    private let board: Board

    /// What requests change.
    private final class Board: Sendable {
        let time = VirtualTime(wall: Surroundings.wall)
        let dispatcher: Mutex<Dispatcher>
        let record: Mutex<IncidentRecord>
        let random = SeededRandom(seed: 2)

        init(_ text: String) {
            record = Mutex(HostileEstate.record(text))
            dispatcher = Mutex(
                Dispatcher(
                    DispatchOptions(
                        route: Route(
                            receiver: text, groupBy: .labels(["alertname"]), groupWait: .zero,
                            groupInterval: .seconds(60), repeatInterval: .seconds(3600),
                            routes: [Route(receiver: "ops", matchers: [Matcher("node", equals: text)])]),
                        receivers: [text, "ops"].map { name in
                            .init(name: name, integrations: [.init(.init(.email, 0), sendResolved: true)])
                        })))
            let silence = Silence(
                matchers: [Matcher("alertname", equals: text)], startsAt: now.wall, endsAt: now.wall + .seconds(60),
                createdBy: text, comment: text)
            dispatcher.withLock { dispatcher in
                _ = dispatcher.receive([HostileEstate.alert(text)], external: true, now: now)
                _ = try? dispatcher.setSilence(silence, random: random, now: now)
            }
        }

        var now: Moment { Surroundings.moment(time) }
    }

    /// - Parameter runbook: the runbooks' text; nil for the same.
    init(_ text: String, runbook: String? = nil) {
        board = Board(text)
        var sources = HostileEstate.sources(text, board)
        sources.runbook = { (wanted) throws(QueryError) in
            guard ["Fuzz", "Other"].contains(wanted.name) else { return nil }
            return RunbookSource(wanted) { (_, _) throws(QueryError) in runbook ?? text }
        }
        HostileEstate.addChanges(&sources, board)
        var options = WebService.Options()
        options.externalURL = "https://watch.example/watch"
        options.access.allowsAnonymousChanges = true
        var pages = Console(sources: sources, time: board.time).pages
        pages.routes.append(
            PageRoute(
                "/token/*action", page: { request in .text(request.token("/" + (request.parameters["action"] ?? ""))) })
        )
        service = WebService(
            options, sources: sources, pages: pages, platform: Surroundings.platform(board.time), registry: Registry())
    }

    /// The answer to a request, whose path has no prefix.
    func answer(_ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
        async -> ServerResponse
    {
        let target = path.hasPrefix("/") && !path.hasPrefix("/watch/") ? "/watch" + path : path
        return await service.respond(
            to: ServerRequest(method: method, target: target, headers: headers, body: body, remote: "192.0.2.7"))
    }

    // MARK: What is shown

    private static let start = Surroundings.wall - .seconds(153)

    private static func alert(_ text: String, name: String? = nil) -> Alert {
        Alert(
            labels: Labels([
                "alertname": name ?? text, "severity": "critical", "cluster": text, "node": text, "other": text,
            ]),
            annotations: [
                "summary": text, "description": text, "impact": text, "runbook_url": text,
                "action": "Look: ssh \(text) '\(text)'. \(text)",
            ], startsAt: start, updatedAt: start, generatorURL: text)
    }

    private static func record(_ text: String) -> IncidentRecord {
        let cause = alert(text)
        var record = IncidentRecord(number: 1, IncidentMember(cause))
        record.members.append(IncidentMember(alert(text, name: "Fuzz"), explainedBy: cause.id))
        record.notes = [IncidentNote(at: start, by: text, text: text)]
        record.toldAt = start
        return record
    }

    private static func history(_ text: String) -> [HistoryEntry] {
        HistoryEntry.Kind.allCases.map { kind in
            HistoryEntry(
                at: start, kind: kind, subject: text, receiver: text, integration: text, detail: text, incidents: [1])
        } + [
            HistoryEntry(at: start, kind: .firing, subject: alert(text).labels.description, receiver: "", detail: text)
        ]
    }

    private static func view(_ record: IncidentRecord, _ text: String) -> IncidentView {
        IncidentView(
            record, silencedBy: [],
            next: IncidentStep.Kind.allCases.map {
                IncidentStep(at: Surroundings.wall, kind: $0, receiver: text, calledOffBy: text)
            },
            told: IncidentTold.State.allCases.map { state in
                IncidentTold(
                    receiver: text, integration: IntegrationID(.slack, 0), state: state, acceptedAt: start,
                    waitingSince: start, error: text)
            })
    }

    private static func status(_ text: String) -> EstateStatus {
        var status = EstateStatus(version: text, startedAt: text, now: text)
        status.sections = EstateStatus.Health.allCases.map { health in
            .init(
                title: "Vault cluster \(text)", summary: text,
                targets: ["vault_node", "postgres", "backup_set", text].map { kind in
                    EstateStatus.Target(
                        name: text, health: health, state: text, detail: text, warnings: [text], lastProbe: text,
                        seconds: .nan, lastError: text, kind: kind, target: "\(text)/\(text)")
                })
        }
        status.receivers = [
            .init(name: text, integration: text, health: .warning, waiting: 3, lastAccepted: text, lastError: text)
        ]
        return status
    }

    private static func backups(_ text: String) -> BackupsView {
        let days = BackupCalendarView.State.allCases.map { state in
            BackupCalendarView.Day(
                date: text, start: start, state: state, key: text, size: .max, storageClass: text, madeAt: start,
                uploadedAt: start, readAt: start, detail: text)
        }
        return BackupsView(
            now: Surroundings.wall,
            sets: [
                BackupCalendarView(
                    set: text, bucket: text, prefix: text, schedule: text, retention: 30, listedAt: start,
                    error: text, nextDue: start, days: days, medianSize: .infinity, newestGood: start)
            ], restoreTestedAt: start, restoreTestFailedAt: start, restoreDuration: .seconds(1))
    }

    private static func rules(_ text: String) -> [RuleGroupView] {
        let firing = AlertView(
            labels: alert(text, name: "Fuzz").labels, annotations: ["summary": text], state: .firing, activeAt: start,
            value: .nan)
        let rule = RuleView(
            name: "Fuzz", query: text, labels: ["severity": text],
            kind: .alerting(
                .init(
                    hold: .seconds(15), keepFiring: .zero,
                    annotations: ["summary": text, "description": text, "action": text], alerts: [firing])),
            health: .err, lastError: text, evaluationTime: .infinity, lastEvaluation: start)
        return [
            RuleGroupView(
                name: text, file: text, interval: .seconds(5),
                rules: [rule, RuleView(name: text, query: text, kind: .recording)],
                evaluationTime: .nan, lastEvaluation: start)
        ]
    }

    private static func snapshot(_ text: String, _ board: Board) -> EstateSnapshot {
        let now = board.now
        var snapshot = EstateSnapshot(now: now.wall, status: status(text))
        let record = board.record.withLock { $0 }
        var ended = record
        (ended.number, ended.endedAt) = (2, now.wall)
        (snapshot.incidents, snapshot.ended) = ([view(record, text)], [ended])
        board.dispatcher.withLock { dispatcher in
            snapshot.alerts = dispatcher.alertStatuses(now)
            snapshot.groups = dispatcher.groupStatuses(now)
            snapshot.silences = dispatcher.allSilences
        }
        snapshot.rules = rules(text)
        snapshot.targets = [
            TargetView(
                pool: text, url: text, labels: Labels(["target_type": text, "target": text]), health: .down,
                lastError: text, lastProbe: start, duration: .nan, interval: .seconds(5), timeout: .seconds(4))
        ]
        snapshot.states = ["vault_node", "postgres", text].map { kind in
            TargetStates(
                target: "\(kind) \(text)/\(text)",
                runs: EstateStatus.Health.allCases.map { StateRun(from: start, to: now.wall, state: text, health: $0) })
        }
        snapshot.vitals = [VitalSign.Unit.bytes, .seconds, .ratio, .count, .time].map { unit in
            let bins = [
                SeriesSketch.Bin(at: start, min: .nan, max: .infinity), .init(at: now.wall, min: -1e300, max: 1e300),
            ]
            return VitalSign(
                target: "postgres \(text)/\(text)", name: text, selector: text, unit: unit,
                sketch: SeriesSketch(Labels([:]), from: start, to: now.wall, bins: bins, last: .infinity),
                deviation: .nan)
        }
        snapshot.backups = backups(text)
        return snapshot
    }

    private static func sources(_ text: String, _ board: Board) -> WebSources {
        var sources = WebSources()
        APIFuzzing.addQueries(&sources)
        sources.build = BuildInfo(version: text)
        sources.hostName = text
        sources.degradations = { [text] }
        sources.configuration = {
            ConfigurationView(
                text: text, path: text, loadedAt: Timestamp(milliseconds: .max),
                reload: .init(at: Timestamp(milliseconds: .min), refusal: text, changes: [text]), warnings: [text])
        }
        sources.alertingConfiguration = { text }
        sources.flags = { ["flag": text] }
        sources.snapshot = { () throws(QueryError) in snapshot(text, board) }
        sources.incident = { (number) throws(QueryError) in
            guard number == 1 else { return nil }
            let record = board.record.withLock { $0 }
            let events = zip(history(text), IncidentEvent.Kind.allCases + IncidentEvent.Kind.allCases).map {
                entry, kind in
                IncidentEvent(entry, kind: kind, start: record.startsAt)
            }
            return IncidentDetail(view(record, text), events: events, isCut: true, similar: [record])
        }
        sources.states = { (target, _, _) throws(QueryError) in
            snapshot(text, board).states.first { $0.target == target }
        }
        sources.history = { (query) throws(QueryError) in
            let found = history(text).filter {
                (query.kinds.isEmpty || query.kinds.contains($0.kind.rawValue))
                    && (query.receivers.isEmpty || query.receivers.contains($0.receiver)) && $0.at <= query.to
            }
            return { found }
        }
        sources.receivers = { [(text, Labels(["label": text])), ("ops", [:])] }
        sources.routes = { board.dispatcher.withLock { RouteTree($0.options.route) } }
        sources.runbooks = { ["Fuzz", "Other"].compactMap { RunbookName($0, isProcedure: $0 == "Other") } }
        return sources
    }

    // MARK: What changes it

    private static func addChanges(_ sources: inout WebSources, _ board: Board) {
        sources.alertStatuses = { board.dispatcher.withLock { $0.alertStatuses(board.now) } }
        sources.silences = { board.dispatcher.withLock { $0.allSilences } }
        sources.setSilence = { (silence, _) throws(SilenceError) -> String in
            let now = board.now
            let result = board.dispatcher.withLock { dispatcher in
                Result { () throws(SilenceError) in
                    try dispatcher.setSilence(silence, random: board.random, now: now).stored.first?.id ?? ""
                }
            }
            return try result.get()
        }
        sources.expireSilence = { (id, _) throws(SilenceError) in
            let now = board.now
            let result = board.dispatcher.withLock { dispatcher in
                Result { () throws(SilenceError) in _ = try dispatcher.expireSilence(id, now: now) }
            }
            try result.get()
        }
        sources.acknowledge = { _, comment, caller in
            board.record.withLock { record in
                record.acknowledgement = comment.map {
                    Acknowledgement(by: caller.description, comment: $0, at: board.now.wall)
                }
            }
            return []
        }
        sources.addNote = { (number, text, caller) throws(QueryError) in
            guard number == 1 else { throw QueryError(.notFound, "there is no incident \(number)") }
            return board.record.withLock { record in
                record.notes.append(IncidentNote(at: board.now.wall, by: caller.description, text: text))
                return record
            }
        }
    }
}
