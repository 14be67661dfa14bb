import Samples
import Synchronization

/// Which versions of Vault are still maintained. As of 2026-11-28.
///
/// The policy: a version is maintained while it is one of the newest three; with Enterprise, the first version of a
/// year from 1.16 on is a long-term release and is maintained for three versions more. Source: Vault's documentation,
/// "Long-term support for Vault", and the dates in Vault's CHANGELOG; for 2.0 and 2.1, the pages of endoflife.date. A
/// version that is not listed here is not judged, nor are OpenBao's.
enum VaultReleases {
    /// Each version with the day of its release, the oldest first.
    private static let releases: [(version: String, day: String)] = [
        ("1.8", "2021-07-28"), ("1.9", "2021-11-17"), ("1.10", "2022-03-23"), ("1.11", "2022-06-20"),
        ("1.12", "2022-10-13"), ("1.13", "2023-03-01"), ("1.14", "2023-06-21"), ("1.15", "2023-09-27"),
        ("1.16", "2024-03-26"), ("1.17", "2024-06-12"), ("1.18", "2024-10-09"), ("1.19", "2025-03-05"),
        ("1.20", "2025-06-25"), ("1.21", "2025-10-22"), ("2.0", "2026-04-13"), ("2.1", "2026-09-05"),
    ]
    private static let longTerm: Set<String> = ["1.16", "1.19", "2.0"]

    private struct Version: Hashable {
        let text: String
        let isOpenBao: Bool
    }

    /// Versions that were asked for: each node has one, and nearly all the same.
    private static let known = Mutex<[Version: Timestamp?]>([:])
    private static let knownLimit = 256

    /// When maintenance of a version ended; nil if it has not, or if that is unknown.
    /// - Parameters:
    ///   - version: as Vault reports it: `1.15.4`, `1.16.3+ent.hsm`. A development build (`-dev`) is not a release.
    ///   - isOpenBao: its versions are 2.x as well, but unrelated to Vault's.
    static func supportEnd(_ version: String, isOpenBao: Bool) -> Timestamp? {
        known.withLock { known in
            let key = Version(text: version, isOpenBao: isOpenBao)
            if let end = known[key] { return end }
            let end = computedSupportEnd(version, isOpenBao: isOpenBao)
            if known.count < knownLimit { known[key] = .some(end) }
            return end
        }
    }

    private static func computedSupportEnd(_ version: String, isOpenBao: Bool) -> Timestamp? {
        let parts = version.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, !version.contains("-"), !isOpenBao || parts[0] == "1" else { return nil }
        let minor = "\(parts[0]).\(parts[1])"
        let isLong = version.contains("+ent") && longTerm.contains(minor)
        guard let index = releases.firstIndex(where: { $0.version == minor }),
            releases.indices.contains(index + (isLong ? 6 : 3))
        else { return nil }
        return Timestamp(rfc3339: releases[index + (isLong ? 6 : 3)].day + "T00:00:00Z")
    }
}
