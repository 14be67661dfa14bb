import Alerts
import Dispatching
import Foundation
import HTTPServer
import Platform
import Samples
import Synchronization
import Testing
import Web

@testable import Console

/// Snapshots for the tests of pages: the reference estate during an incident, the worst case, and an empty one.
enum Fixtures {
    /// 2026-11-28T02:13:41Z
    static let now = Timestamp(rfc3339: "2026-11-28T02:13:41Z") ?? Timestamp(milliseconds: 0)
    static let evil = "\"'><script>alert(1)</script>{{ .x }}&\u{202e}\u{0}"

    static func alert(
        _ name: String, _ labels: [String: String] = [:], severity: String = "critical", after: Double = 0,
        annotations: [String: String] = [:], ended: Double? = nil
    ) -> Alert {
        let start = now - .seconds(153)
        var all = labels
        all["alertname"] = name
        all["severity"] = severity
        return Alert(
            labels: Labels(all), annotations: annotations, startsAt: start + .seconds(after),
            endsAt: ended.map { start + .seconds($0) }, updatedAt: now)
    }

    /// The design's example of a stopped primary.
    static var outage: IncidentRecord {
        let cause = alert(
            "PostgresDown", ["cluster": "prod", "server": "pg-1"],
            annotations: [
                "summary": "PostgreSQL primary pg-1 does not answer",
                "description": "pg-1 of cluster prod does not answer (connect). No other server takes writes.",
                "action":
                    "See why, and start it: ssh pg-1 'journalctl -u \"postgresql*\" -n 30; systemctl restart postgresql'. Only if it is lost, promote the replica that has replayed the most.",
            ])
        var record = IncidentRecord(number: 318, IncidentMember(cause))
        record.startsAt = cause.startsAt
        let storage = alert("PostgresNoPrimary", ["cluster": "prod"], after: 10)
        record.members.append(IncidentMember(storage, explainedBy: cause.id))
        for (index, node) in ["vault-1", "vault-2", "vault-3"].enumerated() {
            record.members.append(
                IncidentMember(
                    alert(
                        "VaultNodeStorageError", ["cluster": "prod", "node": node], severity: "high",
                        after: 5 + Double(index)),
                    explainedBy: cause.id))
        }
        let noActive = alert(
            "VaultNoActiveNode", ["cluster": "prod"], after: 21, annotations: ["summary": "Vault has no active node"])
        record.members.append(IncidentMember(noActive, explainedBy: record.members[2].id))
        record.severity = .critical
        record.toldAt = cause.startsAt + .seconds(1)
        return record
    }

    static func target(
        _ kind: String, _ name: String, _ health: EstateStatus.Health, _ state: String, _ detail: String = ""
    ) -> EstateStatus.Target {
        EstateStatus.Target(
            name: name.split(separator: "/").last.map(String.init) ?? name, health: health, state: state,
            detail: detail,
            lastProbe: now.rfc3339, seconds: 0.004, kind: kind, target: name)
    }

    /// - Parameter inOutage: whether the incident is open, or all is well.
    static func reference(inOutage: Bool) -> EstateSnapshot {
        let bad = inOutage
        var status = EstateStatus(version: "0.1.0", startedAt: now.rfc3339, now: now.rfc3339)
        let nodes = (1...3).map { index in
            bad
                ? target("vault_node", "prod/vault-\(index)", .critical, "storage_error")
                : target("vault_node", "prod/vault-\(index)", .ok, index == 1 ? "active" : "standby", "1.20.0")
        }
        let servers = [
            target("postgres", "prod/pg-1", bad ? .critical : .ok, bad ? "unreachable" : "primary"),
            target("postgres", "prod/pg-2", bad ? .warning : .ok, "replica", "lag 0 s"),
            target("postgres", "prod/pg-3", bad ? .warning : .ok, "replica", "lag 0 s"),
        ]
        status.sections = [
            .init(
                title: "Vault cluster prod",
                summary: bad
                    ? "no active node; for 137 s; 0 of 3 nodes usable"
                    : "active: vault-1; 3 of 3 nodes usable, 2 may still fail",
                targets: [
                    target(
                        "vault_load_balancer", "prod/lb", bad ? .critical : .ok,
                        bad ? "routes to no node" : "routes to active")
                ]
                    + nodes),
            .init(title: "PostgreSQL of prod", targets: servers),
            .init(
                title: "Backups",
                targets: [target("backup_set", "daily", .ok, "complete"), target("records", "runs", .ok, "read")]),
        ]
        status.receivers = [
            .init(name: "oncall", integration: "pagerduty/0", health: .ok, lastAccepted: now.rfc3339),
            .init(
                name: "chat", integration: "slack/0", health: bad ? .warning : .ok, waiting: bad ? 1 : 0,
                lastError: bad ? "HTTP 500" : nil),
        ]
        var snapshot = EstateSnapshot(now: now, status: status)
        snapshot.revision = 7
        snapshot.states = status.sections.flatMap(\.targets).map { target in
            let good = StateRun(
                from: now - .seconds(6 * 3600), to: bad ? now - .seconds(137) : nil, state: "active", health: .ok)
            let current = StateRun(from: now - .seconds(137), to: nil, state: target.state, health: target.health)
            return TargetStates(
                target: "\(target.kind ?? "") \(target.target ?? "")", runs: bad ? [good, current] : [good])
        }
        snapshot.vitals = ["pg-1", "pg-2", "pg-3"].map { server in
            let bins = (0..<120).map { index in
                SeriesSketch.Bin(at: now - .seconds(180 * (120 - index)), min: 0.6, max: 0.6 + Double(index) * 0.003)
            }
            return VitalSign(
                target: "postgres prod/\(server)", name: "storage used",
                selector: "postgres_storage_used_ratio{server=\"\(server)\"}",
                unit: .ratio,
                sketch: SeriesSketch(Labels([:]), from: now - .seconds(6 * 3600), to: now, bins: bins, last: 0.998),
                deviation: bad && server == "pg-1" ? 4 : 0)
        }
        guard bad else {
            var ended = outage
            ended.endedAt = now - .seconds(60)
            snapshot.ended = [ended]
            return snapshot
        }
        snapshot.incidents = [view]
        return snapshot
    }

    static var view: IncidentView {
        IncidentView(
            outage,
            next: [
                IncidentStep(
                    at: now + .seconds(148), kind: .escalatesUnacknowledged, receiver: "vault-leads",
                    calledOffBy: "somebody acknowledges it before")
            ],
            told: [
                IncidentTold(
                    receiver: "oncall", integration: IntegrationID(.pagerduty, 0), state: .accepted,
                    acceptedAt: now - .seconds(152)),
                IncidentTold(
                    receiver: "chat", integration: IntegrationID(.slack, 0), state: .refused,
                    waitingSince: now - .seconds(152), error: "HTTP 500"),
            ])
    }

    static var detail: IncidentDetail {
        let start = outage.startsAt
        let events = [
            IncidentEvent(
                HistoryEntry(
                    at: start - .seconds(600), kind: .agent, subject: "reload", detail: "configuration in force"),
                kind: .agent, start: start),
            IncidentEvent(
                HistoryEntry(
                    at: start, kind: .state, subject: "postgres prod/pg-1", detail: "primary → unreachable, critical"),
                kind: .state, start: start),
            IncidentEvent(
                HistoryEntry(
                    at: start + .milliseconds(17), kind: .firing,
                    subject: outage.members[0].alert.labels.description,
                    detail: "PostgreSQL primary pg-1 does not answer"),
                kind: .alert, start: start),
            IncidentEvent(
                HistoryEntry(
                    at: start + .seconds(1), kind: .sent, subject: "{}", receiver: "oncall", integration: "pagerduty/0",
                    detail: "first, 1 firing: HTTP 202"), kind: .accepted, start: start),
        ]
        return IncidentDetail(view, events: events, similar: [outage])
    }

    /// 1,000 nodes with hostile names in 40 clusters, 300 incidents, and texts of many thousands of characters.
    static let worst: EstateSnapshot = {
        let long = String(repeating: evil + " ", count: 200)
        let notes = (0..<50).map { _ in IncidentNote(at: now, by: evil, text: long) }
        var status = EstateStatus(version: evil, startedAt: evil, now: evil)
        status.sections = (0..<40).map { cluster in
            let name = "c\(cluster)\(evil)"
            let nodes = (0..<25).map { index in
                var target = target(
                    "vault_node", "\(name)/n\(index)\(evil)", EstateStatus.Health.allCases[index % 4], evil, long)
                target.warnings = [long, long]
                target.lastError = long
                return target
            }
            return .init(title: "Vault cluster \(name)", summary: long, targets: nodes)
        }
        status.receivers = (0..<200).map {
            .init(name: "r\($0)\(evil)", integration: "slack/0", health: .warning, waiting: 3, lastError: long)
        }
        var snapshot = EstateSnapshot(now: now, status: status)
        snapshot.incidents = (0..<300).map { index in
            var record = IncidentRecord(
                number: index,
                IncidentMember(
                    alert(
                        evil, ["cluster": evil, "node": evil + "\(index)"],
                        annotations: ["summary": long, "description": long, "action": long, "impact": long])))
            for other in 0..<59 {
                record.members.append(
                    IncidentMember(
                        alert("A\(other)", ["x": evil], annotations: ["summary": long]),
                        explainedBy: record.members[other].id))
            }
            record.notes = notes
            record.acknowledgement = index % 2 == 0 ? nil : Acknowledgement(by: evil, comment: long, at: now)
            return IncidentView(
                record, next: [IncidentStep(at: now, kind: .repeats, receiver: long, calledOffBy: long)],
                told: (0..<100).map {
                    IncidentTold(
                        receiver: evil + "\($0)", integration: IntegrationID(.slack, $0), state: .refused, error: long)
                })
        }
        snapshot.states = status.sections.flatMap(\.targets).map { target in
            TargetStates(
                target: "vault_node \(target.target ?? "")",
                runs: (0..<200).map { index in
                    StateRun(
                        from: now - .seconds(200 - index), to: index == 199 ? nil : now - .seconds(199 - index),
                        state: evil, health: EstateStatus.Health.allCases[index % 4])
                })
        }
        snapshot.vitals = (0..<1000).map { index in
            VitalSign(
                target: "postgres \(evil)/\(index)", name: evil, selector: evil, unit: .bytes,
                sketch: SeriesSketch(
                    Labels([:]), from: now, to: now,
                    bins: [
                        .init(at: now, min: .nan, max: .infinity), .init(at: now, min: -1e300, max: 1e300),
                        .init(at: now, min: 0, max: 0),
                    ], last: .nan), deviation: index % 2 == 0 ? .nan : .infinity)
        }
        return snapshot
    }()

    /// 1,000 nodes in 40 clusters, all well, or one of them sealed.
    static func large(hasFault: Bool) -> EstateSnapshot {
        var status = EstateStatus(version: "0.1.0", startedAt: now.rfc3339, now: now.rfc3339)
        status.sections = (0..<40).map { cluster in
            let name = "c" + (cluster < 10 ? "0" : "") + "\(cluster)"
            return .init(
                title: "Vault cluster \(name)", summary: "active: n0; 25 of 25 nodes usable, 12 may still fail",
                targets: (0..<25).map { index in
                    let isSealed = hasFault && cluster == 7 && index == 3
                    return target(
                        "vault_node", "\(name)/n\(index)", isSealed ? .critical : .ok,
                        isSealed ? "sealed" : index == 0 ? "active" : "standby", "1.20.0")
                })
        }
        var snapshot = EstateSnapshot(now: now, status: status)
        let all = status.sections.flatMap(\.targets)
        snapshot.states = all.map { target in
            TargetStates(
                target: "vault_node \(target.target ?? "")",
                runs: [
                    StateRun(from: now - .seconds(6 * 3600), to: nil, state: target.state, health: target.health)
                ])
        }
        snapshot.targets = all.map { target in
            TargetView(
                pool: "vault", url: "https://\(target.name):8200",
                labels: Labels(["target_type": "vault_node", "target": target.target ?? ""]),
                health: .up, lastProbe: now, duration: 0.004, interval: .seconds(5), timeout: .seconds(4))
        }
        return snapshot
    }

    static func sources(_ snapshot: EstateSnapshot, _ detail: IncidentDetail? = nil) -> WebSources {
        var sources = WebSources()
        sources.snapshot = { () throws(QueryError) in snapshot }
        sources.incident = { (number) throws(QueryError) in
            detail?.incident.record.number == number ? detail : nil
        }
        return sources
    }
}
