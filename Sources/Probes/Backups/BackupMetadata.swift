package import Samples
import Text

/// The three metadata fields that a backup should have, as found on the newest one.
package struct BackupMetadata: Sendable, Hashable {
    static let fields = ["checksum", "timestamp", "vault_version"]

    private let values: [String: String]
    private let keyTime: Timestamp

    /// - Parameters:
    ///   - metadata: names in lower case. Some proxies drop headers with underscores, so `vault-version` is accepted
    ///     too.
    ///   - keyTime: the time in the object's key.
    package init(_ metadata: [String: String], keyTime: Timestamp) {
        var values: [String: String] = [:]
        for (name, value) in metadata where !value.isEmpty && value != "undefined" {
            let known = name.lowercased().split(separator: "-").joined(separator: "_")
            if BackupMetadata.fields.contains(known) { values[known] = value }
        }
        self.values = values
        self.keyTime = keyTime
    }

    /// The expected SHA-256, in lower case; nil if absent or malformed.
    package var checksum: String? { isValid("checksum") == true ? values["checksum"]?.lowercased() : nil }

    /// Vault's version, as `1.8.0`; nil if absent or malformed.
    package var vaultVersion: String? { isValid("vault_version") == true ? values["vault_version"] : nil }

    func isPresent(_ field: String) -> Bool { values[field] != nil }

    /// Whether a field is well formed; nil if absent.
    func isValid(_ field: String) -> Bool? {
        guard let value = values[field] else { return nil }
        switch field {
        case "checksum": return value.utf8.count == 64 && value.allSatisfy(\.isHexDigit)
        case "timestamp":
            // Some backup scripts write the time in the form of a file name.
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
