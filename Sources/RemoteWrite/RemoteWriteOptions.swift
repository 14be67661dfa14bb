/// One endpoint of `remote_write`. How it is reached is not among this: the caller sends.
/// Source: prometheus.io/docs/prometheus/latest/configuration/configuration, remote_write.
package struct RemoteWriteOptions: Sendable, Hashable {
    /// Names the endpoint in metrics and logs, and its queue on disk: letters, digits, `_`, `-` and `.`; unique.
    package var name: String
    /// Limit for one request. Default 30 s.
    package var timeout: Duration = .seconds(30)
    /// The message to begin with; the second version falls back to the first. Default: the first.
    package var message = WriteMessage.version1
    /// How many samples a request may have. Default 2,000.
    package var maxSamplesPerSend = 2000
    /// The greatest `max_samples_per_send`.
    package static let samplesLimit = DiskQueue.batchLimit
    /// How long a sample waits for others before a request is sent that is not full. Default 5 s.
    package var batchSendDeadline: Duration = .seconds(5)
    /// The wait after the first failure; it doubles with each further one. Default 1 s.
    package var minBackoff: Duration = .seconds(1)
    /// The longest wait, unless the server asks for a longer one. Default 30 s.
    package var maxBackoff: Duration = .seconds(30)
    /// The bytes on disk beyond which the oldest samples are dropped. Default 64 MiB: a sample takes 5 to 10 bytes, so
    /// that it holds those of a small estate for a day, and those of 1,000 nodes for about a quarter of an hour.
    package var maxQueueBytes = 64 << 20

    /// Defaults as documented for each property.
    package init(name: String) { self.name = name }
}
