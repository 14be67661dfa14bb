import Platform
import TimeZones

/// The time zone of whoever reads the output.
enum LocalZone {
    /// `TZ` where it names a zone of the tz database, else this machine's. Source: tzset(3).
    static func current(
        _ environment: [String: String] = Environment.all(), files: any FileAccess = SystemFiles()
    ) -> TimeZoneData {
        guard let given = environment["TZ"] else { return named("Local", files) ?? .utc }
        let name = given.hasPrefix(":") ? String(given.dropFirst()) : given
        return named(name, files) ?? named("Local", files) ?? .utc
    }

    private static func named(_ name: String, _ files: any FileAccess) -> TimeZoneData? {
        try? TimeZoneData.named(name, files)
    }
}
