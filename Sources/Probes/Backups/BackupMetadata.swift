import Samples

/// What the newest backup's metadata holds of the three fields that a backup should have.
struct BackupMetadata: Sendable, Hashable {
    static let fields = ["checksum", "timestamp", "vault_version"]

    private let values: [String: String]
    private let keyTime: Timestamp

    /// - Parameters:
    ///   - metadata: names in lower case. Proxies drop headers with underscores, so `vault-version` counts too.
    ///   - keyTime: the time in the object's key.
    init(_ metadata: [String: String], keyTime: Timestamp) {
        var values: [String: String] = [:]
        for (name, value) in metadata where !value.isEmpty && value != "undefined" {
            let known = name.lowercased().split(separator: "-").joined(separator: "_")
            if BackupMetadata.fields.contains(known) { values[known] = value }
        }
        self.values = values
        self.keyTime = keyTime
    }

    /// The SHA-256 that the backup should have, in lower case; nil when it is absent or has no such form.
    var checksum: String? { isValid("checksum") == true ? values["checksum"]?.lowercased() : nil }

    func isPresent(_ field: String) -> Bool { values[field] != nil }

    /// Whether a present field has its form; nil when it is absent.
    func isValid(_ field: String) -> Bool? {
        guard let value = values[field] else { return nil }
        switch field {
        case "checksum": return value.utf8.count == 64 && value.allSatisfy(\.isHexDigit)
        case "timestamp":
            // Written as a file name's part by some: the forms of keys count too.
            let time = Timestamp(rfc3339: value) ?? BackupKey("vault-snapshot-\(value).enc", prefix: "")?.time
            return time.map { ($0 - keyTime).milliseconds.magnitude <= 86_400_000 } ?? false
        default: return value.first?.isNumber == true || value.first == "v"
        }
    }

    func add(to set: inout SampleSet) {
        for field in BackupMetadata.fields {
            set.add("backup_metadata_present", isPresent(field), ["field": field])
            set.add("backup_metadata_valid", isValid(field), ["field": field])
        }
    }

    var warnings: [String] {
        let absent = BackupMetadata.fields.filter { !isPresent($0) }
        let invalid = BackupMetadata.fields.filter { isValid($0) == false }
        var warnings: [String] = []
        if !absent.isEmpty { warnings.append("the newest backup's metadata lacks \(absent.joined(separator: ", "))") }
        if !invalid.isEmpty {
            warnings.append("the newest backup's metadata has an unusable \(invalid.joined(separator: ", "))")
        }
        return warnings
    }
}
