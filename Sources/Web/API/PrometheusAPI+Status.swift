import FoundationEssentials
import HTTPServer
import Samples
import Text

extension WebService {
    func targets(_ request: ServerRequest) async -> Document {
        let state = WebService.value("state", request)?.lowercased() ?? "any"
        let pool = WebService.value("scrapePool", request) ?? ""
        let targets = await sources.targets()
        return WebService.success { json in
            json.object { data in
                data.key("activeTargets")
                data.array { list in
                    for target in targets() where state != "dropped" && (pool.isEmpty || target.pool == pool) {
                        list.object { one in
                            one.field("discoveredLabels", ["__address__": target.url])
                            one.field("labels", target.labels)
                            one.field("scrapePool", target.pool)
                            one.field("scrapeUrl", target.url)
                            one.field("globalUrl", target.url)
                            one.field("lastError", target.lastError)
                            one.field("lastScrape", target.lastProbe?.rfc3339 ?? "0001-01-01T00:00:00Z")
                            one.field("lastScrapeDuration", target.duration)
                            one.field("health", target.health.rawValue)
                            one.field("scrapeInterval", target.interval.prometheusDescription)
                            one.field("scrapeTimeout", target.timeout.prometheusDescription)
                        }
                    }
                }
                data.key("droppedTargets")
                data.array { _ in }
            }
        }
    }

    func buildInfo() -> Document {
        WebService.success { json in
            json.object { data in
                data.field("version", sources.build.version)
                data.field("revision", sources.build.revision)
                data.field("branch", sources.build.branch)
                data.field("buildUser", "")
                data.field("buildDate", sources.build.date)
                data.field("goVersion", "")
            }
        }
    }

    func runtimeInfo() -> Document {
        let reload = sources.lastReload()
        return WebService.success { json in
            json.object { data in
                data.field("startTime", sources.startedAt.rfc3339)
                data.field("CWD", "/")
                data.field("reloadConfigSuccess", reload.succeeded)
                data.field("lastConfigTime", reload.at.rfc3339)
                data.field("corruptionCount", 0)
                data.field("goroutineCount", 0)
                data.field("GOMAXPROCS", 0)
                data.field("GOGC", "")
                data.field("GODEBUG", "")
                data.field("storageRetention", sources.storageRetention())
            }
        }
    }

    func configuration() throws(QueryError) -> Document {
        guard let text = sources.configuration()?.text else {
            throw QueryError(.notFound, "the configuration is not shown")
        }
        return WebService.success { json in json.object { $0.field("yaml", text) } }
    }

    /// Our own extension: everything that `vaultwatch status` prints.
    func estate() async -> ServerResponse {
        let status = await sources.status()
        do throws(QueryError) {
            return try await sources.compute(.page) { _ in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                guard let data = try? encoder.encode(status()) else {
                    return WebService.failure(QueryError(.internal, "the status can't be encoded"))
                }
                return WebService.json(Array(data))
            }
        } catch {
            return WebService.failure(error)
        }
    }
}
