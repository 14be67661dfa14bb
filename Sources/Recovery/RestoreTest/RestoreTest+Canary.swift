import Platform
import Probes

/// The secret, and who gave it.
extension RestoreTest {
    /// Waits until the copy itself serves, reads the secret, and makes sure that it still is the copy that serves.
    func readCanary(_ watched: Watched, _ run: RestoreRun) async throws(RestoreFailure) {
        guard let canary = options.canary else { return }
        let check = ActivationCheck(watched: watched.addresses)
        try await run.phase(.active) { () async throws(RestoreFailure) in
            try await awaitActive(check, .active, run)
        }
        try await run.phase(.canary) { () async throws(RestoreFailure) in
            let token: Secret
            switch await client.token(canary, platform: tools.platform) {
            case .success(let found): token = found
            case .failure(let failure):
                throw RestoreFailure(
                    .credential,
                    "no token for the secret: \(failure.description). The copy knows only credentials that lived when the backup was made and have not ended since; use an AppRole whose secret_id does not end"
                )
            }
            try await run.poll(.canary) { () async throws(RestoreFailure) in
                try await CanaryAnswer.result(
                    of: client.send(client.request("GET", canary.path, token: token)), path: canary.path)
            }
            try await awaitActive(check, .canary, run)
        }
    }

    private func awaitActive(_ check: ActivationCheck, _ phase: RestorePhase, _ run: RestoreRun)
        async throws(RestoreFailure)
    {
        try await run.poll(phase) { () async throws(RestoreFailure) in
            let health = await client.health()
            switch check.verdict(health, await client.leader()) {
            case .active:
                if case .value(let health) = health { run.note { $0.stagingVersion = health.version } }
                return .success(())
            case .wait(let reason): return .failure(.init(reason: reason))
            case .fail(let failure): throw failure
            }
        }
    }
}
