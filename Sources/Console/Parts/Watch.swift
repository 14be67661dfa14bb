import Samples
import Text
import Web

/// The state of the agent itself: one word if healthy, otherwise what does not work.
struct Watch {
    let snapshot: EstateSnapshot
    /// What does not work although notifications are still sent.
    let degradations: [String]

    private var answering: Int { snapshot.targets.count { $0.health == .up } }
    private var rules: [RuleView] { snapshot.rules.flatMap(\.rules) }
    private var failing: Int { rules.count { $0.health == .err } }
    private var waiting: Int { snapshot.status.receivers.reduce(0) { $0 + $1.waiting } }
    private var refusing: [EstateStatus.Receiver] {
        snapshot.status.receivers.filter { $0.health == .warning || $0.health == .critical }
    }

    /// What does not work, as text; empty if healthy.
    private var faults: [String] {
        var faults: [String] = []
        if let first = refusing.first {
            let kind = String(first.integration.prefix { $0 != "/" })
            faults.append(
                refusing.count == 1 ? "\(kind) of \(first.name) refuses" : "\(refusing.count) receivers refuse")
        }
        if failing > 0 { faults.append(Words.count(failing, "rule") + (failing == 1 ? " fails" : " fail")) }
        return faults
    }

    func render(_ page: inout HTML) {
        page.card("watch", "The watch itself") { page in
            page.markup("<span class=r>")
            if let fault = faults.first ?? degradations.first {
                page.chip(.warning, String(fault.prefix(60)))
            } else {
                page.chip(.good, "well")
            }
            page.markup("</span>")
        } _: { page in
            page.markup("<dl class=kv>")
            row("Targets", &page) { page in
                page.link(Address("targets"), "\(answering) of \(snapshot.targets.count) answer")
            }
            row("Rules", &page) { page in
                page.link(Address("rules"), Words.count(rules.count, "rule"))
                let seconds = snapshot.rules.reduce(0) { $0 + $1.evaluationTime }
                page.text(" in \(Words.duration(seconds)), ")
                page.text(failing == 0 ? "none fails" : failing == 1 ? "1 fails" : "\(failing) fail")
            }
            row("Messages", &page) { page in
                page.text(
                    waiting == 0
                        ? "none waits"
                        : Words.count(waiting, "message") + (waiting == 1 ? " waits" : " wait") + ", all on disk")
            }
            for receiver in snapshot.status.receivers where receiver.integration.hasPrefix("heartbeat") {
                row("Heartbeat", &page) { page in
                    guard let at = receiver.lastAccepted.flatMap(Timestamp.init(rfc3339:)) else {
                        return page.markup("not accepted yet")
                    }
                    page.markup("accepted ")
                    page.time(at)
                }
            }
            for degradation in degradations.prefix(5) {
                row("Degraded", &page) { page in page.text(degradation, limit: 200) }
            }
            page.markup("</dl>")
        }
    }

    private func row(_ name: String, _ page: inout HTML, _ value: (inout HTML) -> Void) {
        page.element("<dt>", name, "</dt><dd>")
        value(&page)
        page.markup("</dd>")
    }
}
