import Probes
import Samples
import Text

extension AuditAssessment {
    /// Longer lists are cut; what was left out is counted.
    private static let listLimit = 1000

    /// The assessment as a JSON object. Secrets and tenants that were reached come first.
    package func json() -> [UInt8] {
        JSONWriter.document { json in
            json.object { json in
                json.field("from", from.rfc3339)
                json.field("to", to.rfc3339)
                json.field("verdict", suspiciousEvents > 0 ? "suspicious" : "nothing_suspicious")
                json.field("scope", scope.rawValue)
                json.field("suspicious_events", suspiciousEvents)
                json.field("secrets_read", secrets.count)
                json.field("secrets_reached", reachedSecrets)
                json.field("affected_tenants", reachedTenants.prefix(AuditAssessment.listLimit).map(\.self))
                json.field("affected_tenants_count", reachedTenants.count)
                writeInput(&json)
                counts(&json, "events", Dictionary(events.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +))
                writeClients(&json)
                writeSecrets(&json)
                writeTimeline(&json)
                json.key("left_out")
                json.object { json in
                    json.field("suspicious_events", omittedEvents)
                    json.field("events_of_further_clients", omittedClientEvents)
                    json.field("reads_of_further_secrets", omittedReads)
                    json.field("secrets", max(secrets.count - AuditAssessment.listLimit, 0))
                    json.field("clients", max(clients.count - AuditAssessment.listLimit, 0))
                }
                json.key("history")
                json.object { json in
                    json.field("joined", historyFailure == nil)
                    if let historyFailure { json.field("error", historyFailure) }
                }
            }
        }
    }

    private func writeInput(_ json: inout JSONWriter) {
        json.key("files")
        json.array { json in
            for source in sources {
                json.object { json in
                    json.field("path", source.path)
                    json.field("lines", source.lines)
                    json.field("entries", source.entries)
                    counts(
                        &json, "unreadable_lines",
                        Dictionary(source.faults.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +))
                    if let first = source.first { json.field("first", first.rfc3339) }
                    if let last = source.last { json.field("last", last.rfc3339) }
                    if let failure = source.failure { json.field("error", failure) }
                }
            }
        }
        json.field("entries", entries)
        json.field("requests", requests)
        json.field("responses", responses)
        json.field("unanswered_requests", unanswered)
        json.field("excluded_entries", excluded)
    }

    private func writeClients(_ json: inout JSONWriter) {
        json.key("clients")
        json.array { json in
            for client in rankedClients.prefix(AuditAssessment.listLimit) {
                json.object { json in
                    json.field("suspicious", client.isSuspicious)
                    json.field("display_name", client.displayName)
                    json.field("entity_id", client.entityID)
                    json.field("accessors", client.accessors)
                    json.field("addresses", client.addresses)
                    json.field("first", client.first.rfc3339)
                    json.field("last", client.last.rfc3339)
                    counts(
                        &json, "reasons",
                        Dictionary(client.suspicions.map { ($0.key.name, $0.value) }, uniquingKeysWith: +))
                    counts(
                        &json, "events",
                        Dictionary(client.events.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +))
                    json.field("secrets", client.secrets.count)
                    json.field("reads", client.reads)
                    json.field("tenants", tenants(of: client).prefix(AuditAssessment.listLimit).map(\.self))
                }
            }
        }
    }

    private func writeSecrets(_ json: inout JSONWriter) {
        json.key("secrets")
        json.array { json in
            for secret in rankedSecrets.prefix(AuditAssessment.listLimit) {
                json.object { json in
                    json.field("path", secret.path)
                    if let tenant = secret.tenant { json.field("tenant", tenant) }
                    json.field("reached", secret.isReached)
                    json.field("reads", secret.reads)
                    json.field("first", secret.first.rfc3339)
                    json.field("last", secret.last.rfc3339)
                }
            }
        }
    }

    private func writeTimeline(_ json: inout JSONWriter) {
        json.key("timeline")
        json.array { json in
            for event in timeline {
                json.object { json in
                    json.field("time", event.time.rfc3339)
                    json.field("source", event.source)
                    json.field("kind", event.kind)
                    json.field("text", event.text)
                    for (name, text) in [
                        ("display_name", event.client), ("entity_id", event.entityID), ("accessor", event.accessor),
                        ("address", event.address), ("path", event.path),
                    ] where !text.isEmpty {
                        json.field(name, text)
                    }
                }
            }
        }
    }

    /// Writes numbers by name, sorted.
    private func counts(_ json: inout JSONWriter, _ name: String, _ counts: [String: Int]) {
        json.key(name)
        json.object { json in
            for (key, count) in counts.sorted(by: { $0.key < $1.key }) { json.field(key, count) }
        }
    }

    // MARK: Orders

    /// The suspicious ones first, then by the number of suspicious events.
    package var rankedClients: [Client] {
        func rank(_ client: Client) -> (Int, Int, Timestamp) {
            (client.isSuspicious ? 0 : 1, -client.suspicions.values.reduce(0, +), client.first)
        }
        return clients.sorted { rank($0) < rank($1) }
    }

    /// Those that were reached first, then by path.
    package var rankedSecrets: [Secret] {
        secrets.sorted { ($0.isReached ? 0 : 1, $0.path) < ($1.isReached ? 0 : 1, $1.path) }
    }

    /// The tenants whose secrets a client read, sorted.
    package func tenants(of client: Client) -> [String] {
        Set(client.secrets.compactMap { secrets.indices.contains($0) ? secrets[$0].tenant : nil }).sorted()
    }
}
