import Lab
import Transport

/// States of services beside Vault: a website, a mail server with a test mail, a zone with two name servers.
enum ServiceStates {
    private static let http = "RFC 9110, 15"
    private static let smtp = "RFC 5321, 4.2"
    private static let dns = "RFC 1035, 4.1.1"
    private static let rules = "The shipped rules"

    static let rows: [StateRow] = [
        row("all services answer as expected", source: rules, isHealthy: true) { _ in },
        row("a website answers 500", source: http, fires: ["ServiceAnswerWrong"]) {
            $0.website = .response(LabResponse(500, type: "text/plain", "Internal Server Error"))
        },
        row("a website answers with another page", source: http, fires: ["ServiceAnswerWrong"]) {
            $0.website = .response(LabResponse(200, type: "text/html", "This domain is parked"))
        },
        row("a website redirects", source: http, fires: ["ServiceAnswerWrong"]) {
            $0.website = .response(LabResponse(301, headers: ["Location": "https://other.example/"]))
        },
        row("a website hangs", source: "listen(2), the backlog", fires: ["ServiceDown"]) { $0.website = .hang },
        row("a website breaks off connections", source: "tcp(7)", fires: ["ServiceDown"]) { $0.website = .reset },
        row("one answer of a website in a hundred is lost", source: "Two lost packets", isHealthy: true) {
            $0.losesSome = true
        },
        row("a mail server has no time", source: smtp, fires: ["ServiceAnswerWrong", "ServiceMailLost"]) {
            $0.greeting = 421
            $0.acceptance = 421
        },
        row("a mail server is down", source: smtp, fires: ["ServiceDown", "ServiceMailLost"]) { state in
            state.greeting = nil
            state.acceptance = nil
        },
        row("a mail server takes mail and delivers none", source: rules, fires: ["ServiceMailLost"]) {
            $0.arrives = false
        },
        row("a mail server refuses the test mail", source: smtp, fires: ["ServiceMailLost"]) { $0.acceptance = 550 },
        row("nobody can look for the test mail", source: rules, fires: ["ServiceMailHookFailing"]) {
            $0.hookStatus = 500
        },
        row("a zone names another mail server", source: dns, fires: ["ServiceRecordWrong"]) {
            $0.exchangers = ["10 mx.elsewhere.example"]
        },
        row("a zone has lost its mail servers", source: dns, fires: ["ServiceRecordWrong"]) { $0.exchangers = [] },
        row("a zone has a second policy of SPF", source: "RFC 7208, 4.5", fires: ["ServiceRecordWrong"]) {
            $0.texts = ["v=spf1 mx -all", "v=spf1 +all"]
        },
        row("a zone has a text more", source: "RFC 7208, 3", isHealthy: true) {
            $0.texts = ["v=spf1 mx -all", "google-site-verification=x"]
        },
        row("one of two name servers refuses", source: dns, fires: ["ServiceNameServerSilent"]) {
            $0.codes["192.0.2.54"] = 5
        },
        row("one of two name servers is silent", source: dns, fires: ["ServiceNameServerSilent"]) {
            $0.codes["192.0.2.54"] = -1
        },
        row(
            "both name servers are silent", source: dns, fires: ["ServiceDown"], mayFire: ["ServiceNameServerSilent"]
        ) { state in
            for server in ["192.0.2.53", "192.0.2.54"] { state.codes[server] = -1 }
        },
        row(
            "both name servers cannot load the zone", source: dns, fires: ["ServiceDown"],
            mayFire: ["ServiceNameServerSilent"]
        ) { state in
            for server in ["192.0.2.53", "192.0.2.54"] { state.codes[server] = 2 }
        },
    ]

    /// What the services answer.
    private struct Answers {
        var website = LabReply.response(LabResponse(200, type: "text/plain", "ready\n"))
        var losesSome = false
        /// Reply codes to a greeting and to a mail; nil: connections are refused.
        var greeting: Int? = 250
        var acceptance: Int? = 250
        var arrives = true
        var hookStatus = 200
        var exchangers = ["10 mail.example.org"]
        var texts = ["v=spf1 mx -all"]
        /// Response codes by name server; -1: none.
        var codes: [String: Int] = [:]
    }

    private static let configuration = """
        services:
          - name: website
            http: {url: "https://www.example.org/health", expect_text: ready}
          - name: mail
            severity: critical
            smtp:
              address: mail.example.org:587
              test_mail: {from: a@example.org, to: b@example.net, hook: {url: "https://hook.example.net/{token}"}}
          - name: zone
            dns:
              name_servers: [192.0.2.53, 192.0.2.54]
              records:
                - {name: example.org, type: MX, expect: [10 mail.example.org]}
                - {name: example.org, type: TXT, expect: [v=spf1 mx -all]}
        """

    private static func row(
        _ name: String, source: String, isHealthy: Bool = false, fires: Set<String> = [], mayFire: Set<String> = [],
        _ change: @escaping @Sendable (inout Answers) -> Void
    ) -> StateRow {
        StateRow(name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire) { estate in
            var answers = Answers()
            change(&answers)
            estate.configuration = configuration
            var requests = 0
            estate.answer = { [answers] request in
                if request.url.hasPrefix("https://www.example.org") {
                    requests += 1
                    if answers.losesSome, requests % 100 == 50 { return .failure(TransportError(.timeout, "lost")) }
                    return .success(answers.website)
                }
                guard request.url.hasPrefix("https://hook.example.net/") else { return nil }
                guard answers.hookStatus == 200 else { return .success(.response(LabResponse(answers.hookStatus))) }
                let token = String(request.url.split(separator: "/").last ?? "")
                return .success(
                    .response(
                        LabResponse(answers.arrives ? 200 : 404, type: "text/plain", answers.arrives ? token : "")))
            }
            estate.mail = { [answers] mail in
                (mail.isGreetingOnly ? answers.greeting : answers.acceptance).map { MailReply(code: $0) }
            }
            estate.names = { [answers] question, server in
                let code = answers.codes[server.address] ?? 0
                if code < 0 { return .failure(TransportError(.timeout, "name server \(server): no answer")) }
                var answer = DNSAnswer(code: code)
                if code == 0 { answer.values = question.type == .mx ? answers.exchangers : answers.texts }
                answer.secondsToLive = answer.values.isEmpty ? nil : 300
                return .success(answer)
            }
        }
    }
}
