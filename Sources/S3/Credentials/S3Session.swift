import Platform

/// The session of one bucket: its keys while they are valid, and one request at a time for new ones.
///
/// If a request fails, the old keys stay in use until they expire; from then on requests fail with `.noCredentials` and
/// the reason.
actor S3Session {
    private let source: KeySource
    private let time: any TimeSource
    private var state = SessionState()
    private var running: Task<Void, Never>?

    init(_ source: KeySource, time: any TimeSource) {
        self.source = source
        self.time = time
    }

    /// Keys to sign a request with.
    func keys() async throws(S3Error) -> SessionKeys {
        switch state.next(time.now()) {
        case .use(let keys): return keys
        case .refuse(let error): throw error
        case .refresh: break
        }
        if running == nil {
            // A separate task, since the caller's may be cancelled by its timeout: other callers wait for it too.
            running = Task { [source, time] in
                let result: Result<SessionKeys, S3Error>
                do throws(S3Error) { result = .success(try await source.fetch(now: time.wall())) } catch {
                    result = .failure(error)
                }
                self.finished(result)
            }
        }
        await running?.value
        switch state.next(time.now()) {
        case .use(let keys): return keys
        case .refuse(let error): throw error
        case .refresh:
            // Keys without an expiry are always due for renewal, and these are the latest.
            if let keys = state.keys { return keys }
            throw S3Error(.noCredentials, "no credentials from \(source.name)")
        }
    }

    /// Whether new keys may serve after S3 refused these.
    func refused(_ keys: SessionKeys) -> Bool { state.refused(keys, time.now()) }

    private func finished(_ result: Result<SessionKeys, S3Error>) {
        state.refreshed(result, time.now())
        running = nil
    }
}
