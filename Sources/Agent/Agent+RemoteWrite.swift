import Config
import Delivery
import Exposition
import Platform
import Probes
import RemoteWrite
import Samples
import Store
import Synchronization
import Telemetry
import Transport

/// What connects the store with remote write.
extension Agent {
    /// The writer of a configuration's storage; it has no endpoints yet.
    static func remoteWriter(_ configuration: Configuration, _ platform: Platform, _ registry: Registry)
        -> RemoteWriter
    {
        RemoteWriter(
            files: DiskFolder(configuration.storage.path + "/remote_write", files: platform.files),
            metadata: { metadata(ofSeries: $0, registry) }, platform: platform, registry: registry)
    }

    /// Sends to the endpoints of a configuration from now on.
    /// - Parameter running: the configuration until now; nil at the start.
    func applyRemoteWrite(_ configuration: Configuration, after running: Configuration? = nil) {
        let isSame = running?.global.externalLabels == configuration.global.externalLabels
        let unchanged = configuration.remoteWrite.filter { isSame && running?.remoteWrite.contains($0) == true }
        if let running, isSame, running.remoteWrite == configuration.remoteWrite { return }
        let poster = HTTPPoster(http: network.receivers, platform: platform)
        // Vaultwatch's version, as the specification asks for.
        let agent = "vaultwatch/" + options.version
        let targets = configuration.remoteWrite.map { endpoint in
            RemoteWriter.Target(endpoint.options) { call in await Agent.post(call, endpoint, poster, agent: agent) }
        }
        remoteWriter.apply(
            targets, externalLabels: Labels(configuration.global.externalLabels),
            unchanged: Set(unchanged.map(\.options.name)))
        let writer = remoteWriter
        let observer: Store.Observer = { writer.observe($0) }
        store.observe(configuration.remoteWrite.isEmpty ? nil : observer)
    }

    private static func post(
        _ call: WriteCall, _ endpoint: RemoteWriteEndpoint, _ poster: HTTPPoster, agent: String
    ) async -> WriteAnswer {
        do throws(DeliveryError) {
            let answer = try await poster.post(
                call.body, to: endpoint.url, headers: call.headers + [("User-Agent", agent)], options: endpoint.http,
                timeout: call.timeout)
            let written = answer.response[header: "X-Prometheus-Remote-Write-Samples-Written"].flatMap { Int($0) }
            return .status(
                answer.response.status, written: written, retryAfter: answer.retryAfter, said: answer.said)
        } catch {
            return .none(message: error.description)
        }
    }

    /// What is known of a series by its name: from the probes' catalogue and the agent's own metrics. A recording rule's
    /// type is unknown.
    private static func metadata(ofSeries name: String, _ registry: Registry) -> SeriesMetadata? {
        if let entry = Catalogue.entry(forSeries: name) {
            return SeriesMetadata(kind: kind(entry.kind), help: entry.help, name: name)
        }
        if let own = registry.description(ofSeries: name) {
            return SeriesMetadata(kind: kind(own.kind), help: own.help, name: name)
        }
        return nil
    }

    private static func kind(_ kind: MetricFamily.Kind) -> SeriesMetadata.Kind {
        switch kind {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        case .summary: .summary
        case .untyped: .unspecified
        }
    }
}
