import HTTPServer
import Text
import Web

/// Assets, event streams, and redirects from URLs of Prometheus and Alertmanager.
extension Console {
    var assets: [PageRoute] {
        [
            PageRoute("/assets/:file") { request in
                Assets.asset(request.path)?.response(to: request.request)
                    ?? .text("404 not found\n", status: 404)
            },
            PageRoute("/favicon.ico") { Assets.icon(.good).response(to: $0.request, isKept: false) },
            PageRoute("/events") { [events] _ in events.open() },
        ]
    }

    /// URLs of Prometheus and Alertmanager that messages, bookmarks and users' habits contain.
    var redirects: [PageRoute] {
        let simple: [(String, Address)] = [
            ("/alerts", .incidents), ("/status", Address("agent")), ("/config", Address("agent")),
            ("/flags", Address("agent")), ("/runtimeinfo", Address("agent")), ("/tsdb-status", Address("agent")),
            ("/service-discovery", Address("targets")), ("/alertmanager-discovery", Address("routes")),
            ("/i", .incidents),
        ]
        return simple.map { path, address in
            PageRoute(path) { request in
                ServerResponse(status: 302, headers: [("Location", request.prefix + address.text)])
            }
        } + [
            PageRoute("/graph") { request in
                let address = Console.query(request.request.query)
                return ServerResponse(status: 302, headers: [("Location", request.prefix + address.text)])
            }
        ]
    }

    /// The query page for the parameters of a Prometheus graph: `g0.expr`, `g0.range_input`, `g0.end_input`.
    static func query(_ items: [(name: String, value: String)]) -> Address {
        func item(_ names: String...) -> String {
            items.first { names.contains($0.name) && !$0.value.isEmpty }?.value ?? ""
        }
        return Address(
            "query",
            query: [
                ("expr", item("g0.expr", "expr")), ("range", item("g0.range_input", "range")),
                ("end", item("g0.end_input", "g0.moment_input", "end")),
            ])
    }
}
