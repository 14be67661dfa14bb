import Alerts
import Foundation
import Samples
import Testing
import Web

@testable import Console

/// Services on the pages: a card of the estate, strips, and a page of each.
struct ServicePageTests {
    private func context(_ snapshot: EstateSnapshot) -> PageContext {
        var context = PageContext()
        context.now = snapshot.now
        return context
    }

    private func snapshot(_ services: [EstateStatus.Target]) -> EstateSnapshot {
        var snapshot = Fixtures.reference(inOutage: false)
        snapshot.status.sections.append(.init(title: "Services", targets: services))
        snapshot.states += services.map { target in
            TargetStates(
                target: "\(target.kind ?? "") \(target.target ?? "")",
                runs: [StateRun(from: Fixtures.now - .seconds(60), to: nil, state: target.state, health: target.health)]
            )
        }
        return snapshot
    }

    private let services = [
        Fixtures.target("service", "website", .ok, "answers", "status 200"),
        Fixtures.target("service", "submission", .critical, "down", "connect: refused"),
        Fixtures.target("service_mail", "submission", .ok, "comes back"),
    ]

    private func estate(_ snapshot: EstateSnapshot, cluster: String? = nil) -> String {
        String(decoding: EstatePage(snapshot: snapshot, cluster: cluster).render(context(snapshot)), as: UTF8.self)
    }

    @Test func theEstateShowsThemGravestFirst() throws {
        let html = estate(snapshot(services))
        #expect(html.contains("id=\"services\"") && html.contains("1 of 3 not as expected"))
        let card = try #require(
            html.components(separatedBy: "id=\"services\"").last?.components(separatedBy: "</section>").first)
        let boxes = card.components(separatedBy: " class=\"box ").dropFirst()
        #expect(
            boxes.count == 3 && boxes.first?.hasPrefix("crit") == true && boxes.first?.contains("submission") == true)
        #expect(card.contains("/estate/service/website") && card.contains("/estate/service_mail/submission"))
        #expect(estate(snapshot([services[0]])).contains("all as expected"))
        // Of an estate without services, and on the page of one cluster, there is no card.
        #expect(!estate(Fixtures.reference(inOutage: false)).contains("id=\"services\""))
        #expect(!estate(snapshot(services), cluster: "prod").contains("id=\"services\""))
    }

    @Test func manyServicesAreBounded() {
        let many = (0..<500).map { index in
            Fixtures.target(
                "service", "s\(index)\(Fixtures.evil)", .ok, Fixtures.evil, String(repeating: "x", count: 5000))
        }
        let html = estate(snapshot(many))
        #expect(html.utf8.count < 120_000 && html.contains("other services, none of which is worse"))
        #expect(!html.contains("<script>alert"))
    }

    @Test func theirStatesAreInTheStrips() {
        let states = EstatePage.strips(snapshot(services), ["prod"]).map(\.target)
        #expect(states.suffix(3) == ["service submission", "service website", "service_mail submission"])
    }

    @Test func eachHasAPage() throws {
        var snapshot = snapshot(services)
        let alert = Fixtures.alert("ServiceDown", ["service": "submission", "kind": "smtp"])
        snapshot.incidents = [IncidentView(IncidentRecord(number: 7, IncidentMember(alert)))]
        let page = try #require(
            TargetPage(snapshot: snapshot, kind: "service", name: "submission", states: nil, range: .seconds(21600)))
        let html = String(decoding: page.render(context(snapshot)), as: UTF8.self)
        #expect(html.contains("submission: down") && html.contains("connect: refused") && html.contains("#7"))
        #expect(html.contains("service%3D%22submission%22"))
        #expect(alert.title == "ServiceDown submission")
    }
}
