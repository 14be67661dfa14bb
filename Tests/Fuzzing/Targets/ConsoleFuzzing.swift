import Dispatching
import HTTPServer
import Samples
import Text

/// The pages for browsers: whatever the estate is called, whatever a form or an address has in it, and whatever a
/// runbook's file holds.
enum ConsoleFuzzing {
    /// Twice what a page may have at the reference estate, and much more than these few targets need.
    private static let pageLimitBytes = 4 << 20

    /// The input is every name and text of an estate; each page shows it.
    static func pages(_ bytes: [UInt8]) async throws {
        let text = PageCheck.canary + String(decoding: bytes.prefix(1024), as: UTF8.self)
        let estate = HostileEstate(text)
        let part = PercentCoding.encode(text, keepingSlashes: true)
        let item = PercentCoding.encode(text)
        let paths = [
            "/", "/incidents", "/incidents/1", "/incidents/1.md", "/estate", "/estate/vault_node/\(part)/\(part)",
            "/estate/\(part)/\(part)", "/backups", "/backups/\(item)/\(item)", "/silences",
            "/silences/\(estate.silences.first?.id ?? "none")", "/silences/new?matchers=\(item)&comment=\(item)",
            "/history", "/runbooks", "/runbooks/Fuzz", "/rules", "/query?expr=\(item)", "/routes?labels=\(item)",
            "/targets", "/agent", "/\(part)",
        ]
        for path in paths {
            let response = await estate.answer("GET", path, headers: [("Accept", "text/html")])
            try check(response, path)
        }
    }

    /// The input is a runbook.
    static func runbook(_ bytes: [UInt8]) async throws {
        let estate = HostileEstate("vault-2", runbook: String(decoding: bytes, as: UTF8.self))
        for path in ["/runbooks/Fuzz", "/runbooks/Other"] {
            let response = await estate.answer("GET", path)
            try check(response, path)
            guard response.status == 200 else { throw FuzzFinding("\(path) is answered with \(response.status)") }
        }
    }

    /// Parts are requests; `TOKEN` in a body is the form's token. What was made is made again by what its page links
    /// to, and the filter of a page is one that the API knows.
    static func requests(_ bytes: [UInt8]) async throws {
        let estate = HostileEstate("vault-2")
        for part in Parts.of(bytes).prefix(8) {
            let message = PlayedMessage(part)
            let words = message.startLine.split(separator: " ", maxSplits: 2).map(String.init)
            let path = words.count > 1 ? words[1] : "/"
            let known = Set(estate.silences.map(\.id))
            let body = await fill(message.body, path, estate)
            let response = await estate.answer(words.first ?? "GET", path, headers: message.headers, body: body)
            try check(response, message.startLine)
            for made in estate.silences where path.hasPrefix("/silences") && !known.contains(made.id) {
                guard response.status == 303 else {
                    throw FuzzFinding(
                        "\(message.startLine) has made a silence, and is answered with \(response.status)")
                }
                try await checkCopy(of: made, estate)
            }
            if case .bytes(let page) = response.body, path.hasPrefix("/history"), response.status == 200 {
                for link in PageCheck.values(of: "href", beginning: "/watch/api/v1/vaultwatch/history", in: page) {
                    let answer = await estate.answer("GET", link)
                    guard answer.status == 200 else {
                        throw FuzzFinding(
                            "\(message.startLine) links to \(link), which is answered with \(answer.status)")
                    }
                }
            }
        }
    }

    /// A page that shows a silence leads to a form with the same matchers, which its own text has too.
    private static func checkCopy(of silence: Silence, _ estate: HostileEstate) async throws {
        let path = "/silences/\(silence.id)"
        guard case .bytes(let page) = await estate.answer("GET", path).body else {
            throw FuzzFinding("a silence has no page")
        }
        let parsed = (try? MatcherSyntax.parse(silence.matchersText)) ?? []
        let written = parsed.map { "\($0.name) \($0.operation.rawValue) \($0.value)" }
        guard written == silence.matchers.map({ "\($0.name) \($0.operation.rawValue) \($0.value)" }) else {
            throw FuzzFinding("\(silence.matchersText) is not what the silence has: \(silence.matchers)")
        }
        // The form takes 8,000 characters, which quotes can bring a silence over.
        guard silence.matchersText.count < 7900 else { return }
        for link in PageCheck.values(of: "href", beginning: "/watch/silences/new?matchers=", in: page) {
            let answer = await estate.answer("GET", link)
            guard answer.status == 200 else { throw FuzzFinding("\(link) is answered with \(answer.status)") }
        }
    }

    private static func fill(_ body: [UInt8], _ path: String, _ estate: HostileEstate) async -> [UInt8] {
        let word = Array("TOKEN".utf8)
        guard let start = body.firstRange(of: word) else { return body }
        let page = path.prefix { $0 != "?" && $0 != "#" }
        guard case .bytes(let token) = await estate.answer("GET", "/token" + page).body else { return body }
        return Array(body[..<start.lowerBound]) + token + Array(body[start.upperBound...])
    }

    private static func check(_ response: ServerResponse, _ what: String) throws {
        guard (200...599).contains(response.status), response.status != 500 else {
            throw FuzzFinding("\(what) is answered with \(response.status)")
        }
        for (name, value) in response.headers {
            let isOneLine = (name + value).utf8.allSatisfy { $0 >= 0x20 || $0 == 9 }
            guard isOneLine else { throw FuzzFinding("\(what): the header \(name) has a line break") }
            if name == "Location", !value.hasPrefix("/watch/") || value.hasPrefix("/watch//") {
                throw FuzzFinding("\(what) leads away: \(value)")
            }
        }
        guard case .bytes(let bytes) = response.body else { return }
        guard bytes.count <= pageLimitBytes else { throw FuzzFinding("\(what) has \(bytes.count) bytes") }
        let isPage = response.headers.contains { $0.name == "Content-Type" && $0.value.hasPrefix("text/html") }
        let isPacked = response.headers.contains { $0.name == "Content-Encoding" }
        if isPage, !isPacked { try PageCheck.check(bytes, what) }
    }
}
