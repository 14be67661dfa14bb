/// Where a secret lies, so that both versions of KV and all operations on it have the same path.
package enum AuditPath {
    /// What KV version 2 puts between a mount and a secret's name.
    private static let inserted: Set<Substring> = ["data", "metadata", "delete", "undelete", "destroy", "subkeys"]

    /// The namespace, the mount and the secret's name: `smtp/tenant-01/admin` for `smtp/data/tenant-01/admin` of a mount
    /// with version 2.
    package static func secret(_ entry: AuditEntry) -> String {
        let path = entry.path
        // A lease comes with version 1 and with engines that make credentials: their paths have nothing inserted.
        guard entry.mountType == "kv", entry.response?.hasSecret != true else { return entry.namespace + path }
        let mount = entry.mountPoint.isEmpty ? nil : entry.mountPoint.split(separator: "/").count
        var segments = path.split(separator: "/", omittingEmptySubsequences: false)
        // Where the mount is not said, it is taken to be the first segment, or what is before `data` in a response that
        // is known to be of version 2.
        let candidates = mount.map { $0...$0 } ?? (entry.response?.isVersion2 == true ? 1...8 : 1...1)
        for index in candidates where index < segments.count && inserted.contains(segments[index]) {
            segments.remove(at: index)
            break
        }
        return entry.namespace + segments.joined(separator: "/")
    }
}

/// Tells the tenant from a secret's path, as `*/{tenant}/**`: a star is any segment, two stars at the end any rest, and
/// the braces mark the segment that is the tenant.
package struct TenantPattern: Sendable, Hashable {
    private enum Segment: Hashable {
        case any, tenant
        case exactly(String)
    }

    private let segments: [Segment]
    /// As it was written.
    package let text: String

    /// The second segment, which follows the mount, is the tenant.
    package static let usual = "*/{tenant}/**"

    /// - Returns: nil unless exactly one segment is `{tenant}`, and two stars are nowhere but at the end.
    package init?(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.last == "**" { parts.removeLast() }
        segments = parts.map { $0 == "*" ? .any : $0 == "{tenant}" ? .tenant : .exactly($0) }
        self.text = text
        guard segments.filter({ $0 == .tenant }).count == 1, segments.count <= 32,
            !parts.contains(where: { $0.isEmpty || $0 == "**" })
        else { return nil }
    }

    /// The tenant in a path; nil if the path does not match. What follows the pattern's last segment is not looked at.
    package func tenant(in path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= segments.count else { return nil }
        var tenant: String?
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .any: continue
            case .tenant: tenant = part.isEmpty ? nil : String(part)
            case .exactly(let text): guard part == text else { return nil }
            }
        }
        return tenant
    }
}

extension [TenantPattern] {
    /// The tenant by the first pattern that matches.
    package func tenant(in path: String) -> String? {
        for pattern in self {
            if let tenant = pattern.tenant(in: path) { return tenant }
        }
        return nil
    }
}
