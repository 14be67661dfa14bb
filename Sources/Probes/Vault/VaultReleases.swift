import Samples

/// Which versions of Vault still get fixes. As of 2026-11-28.
///
/// The policy: a version is maintained while it is one of the newest three; of Enterprise, 1.16 and 1.19 are long-term
/// releases and are maintained for three versions more. Source: Vault's documentation, "Long-term support for Vault",
/// and the dates in Vault's CHANGELOG. A version that is not here is not judged, OpenBao's neither.
enum VaultReleases {
    /// Each minor version of 1.x with the day of its release.
    private static let releases: [(minor: Int, day: String)] = [
        (8, "2021-07-28"), (9, "2021-11-17"), (10, "2022-03-23"), (11, "2022-06-20"), (12, "2022-10-13"),
        (13, "2023-03-01"), (14, "2023-06-21"), (15, "2023-09-27"), (16, "2024-03-26"), (17, "2024-06-12"),
        (18, "2024-10-09"), (19, "2025-03-05"), (20, "2025-06-25"), (21, "2025-10-22"),
    ]
    private static let longTerm: Set<Int> = [16, 19]

    /// When maintenance of a version ended; nil where it has not, or is not known to.
    /// - Parameter version: as Vault reports it: `1.15.4`, `1.16.3+ent.hsm`. A development build (`-dev`) is not a
    ///   release.
    static func supportEnd(_ version: String) -> Timestamp? {
        guard !version.contains("-") else { return nil }
        let parts = version.split(separator: ".")
        guard parts.count >= 3, parts[0] == "1", let minor = Int(parts[1]) else { return nil }
        let isLong = version.contains("+ent") && longTerm.contains(minor)
        let successor = minor + (isLong ? 6 : 3)
        guard releases.contains(where: { $0.minor == minor }),
            let day = releases.first(where: { $0.minor == successor })?.day
        else { return nil }
        return Timestamp(rfc3339: day + "T00:00:00Z")
    }
}
