import Platform

extension SimulatedVaultCluster {
    /// sys/metrics.
    func metrics(_ request: LabRequest, _ index: Int, _ now: Moment) -> LabResponse {
        let role = role(index)
        if !options.unauthenticatedMetrics {
            if role != .active {
                return role == .standby && request.headers["x-vault-token"] == nil
                    ? Self.error(400, "missing client token") : Self.error(400, "cannot forward local-only request")
            }
            guard let token = request.headers["x-vault-token"] ?? Self.bearer(request) else {
                return Self.error(400, "missing client token")
            }
            guard known(token, at: now) != nil else { return Self.unknownToken(options.version) }
        }
        if request.parameter("format") == "prometheus", options.features.prometheusIsOff {
            return Self.error(400, "prometheus is not enabled")
        }
        guard request.parameter("format") == "prometheus" else {
            return Self.jsonResponse(
                200, #"{"Timestamp":"","Gauges":[],"Points":[],"Counters":[],"Samples":[]}"# + "\n")
        }
        let page: VaultTelemetry.Page = role == .active ? .active : role == .standby ? .standby : .sealed
        let text = renamed(
            VaultTelemetry.page(
                page, cluster: options.name, startedAt: nodes[index].startedAt, wasUnsealed: nodes[index].wasUnsealed,
                now: now.wall))
        return LabResponse(200, type: "text/plain; charset=utf-8", text, headers: ["Cache-Control": "no-store"])
    }
}
