import Platform

/// Snapshots of integrated storage, with the answers recorded from Vault 1.8.
extension SimulatedVaultCluster {
    /// Whether the storage is the integrated one.
    var isRaft: Bool { options.storageType == "raft" }

    /// Answers sys/storage/raft/snapshot and snapshot-force of an unsealed node.
    mutating func snapshot(_ request: LabRequest, _ path: String, _ index: Int, _ now: Moment) -> LabReply {
        let isForced = path.hasSuffix("-force")
        // A standby does not forward it.
        if role(index) == .standby, let leader = election.leader {
            return .response(
                LabResponse(
                    307, headers: ["Cache-Control": "no-store", "Location": "\(nodes[leader].address)/v1/\(path)"]))
        }
        guard let token = request.headers["x-vault-token"] ?? Self.bearer(request) else {
            return .response(Self.error(400, "missing client token"))
        }
        guard let policies = use(token, at: now) else { return .response(Self.unknownToken(options.version)) }
        let mayRead = policies.contains("root") || policies.contains("backup")
        switch request.method {
        case "GET" where !isForced && mayRead:
            var storage = storage(at: now)
            var filler = SplitMix(seed: 1)
            storage.addTenants(at: now.wall, random: &filler)
            let archive = VaultSnapshot.archive(
                storage.state, node: nodes[index].name, rootKey: options.rootKey)
            var response = LabResponse(
                200,
                headers: [
                    "Cache-Control": "no-store", "Content-Type": "application/gzip",
                    "Content-Disposition": "attachment",
                ], body: archive)
            response.isChunked = true
            return .response(response)
        case "POST", "PUT":
            guard policies.contains("root") else { return .response(Self.denied) }
            return restore(request.body, isForced, now)
        default:
            return .response(Self.denied)
        }
    }

    private mutating func restore(_ body: [UInt8], _ isForced: Bool, _ now: Moment) -> LabReply {
        let snapshot: VaultSnapshot
        do { snapshot = try VaultSnapshot(body) } catch {
            let message = (error as? VaultSnapshot.Refusal)?.message ?? "\(error)"
            return .response(Self.error(500, "1 error occurred:\n\t* \(message)\n\n"))
        }
        let isOurs = snapshot.isSealed(under: options.rootKey)
        if !isForced {
            // The handler panics.
            if snapshot.sealedSums == nil { return .reset }
            guard isOurs else {
                return .response(
                    Self.error(
                        400,
                        "could not verify hash file, possibly the snapshot is using a different set of unseal keys; use the snapshot-force API to bypass this check"
                    ))
            }
        }
        restoration = Restoration(storage: snapshot.storage, began: now.monotonic, keepsKeys: isOurs)
        return .response(LabResponse(204, headers: Self.headers))
    }
}
