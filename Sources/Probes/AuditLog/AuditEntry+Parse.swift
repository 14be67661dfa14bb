import Samples

extension AuditEntry {
    /// How many entries are looked for in a line: one, and those that follow where the disk was full for a while.
    private static let attemptLimit = 8
    /// Paths are cut to so many bytes.
    private static let pathLimit = 1024

    /// Reads a line: one entry, perhaps behind the text of the file device's `prefix` option. Where the disk was full,
    /// the rest of an entry is missing and the next one follows in the same line; it is found there.
    /// - Parameters:
    ///   - range: the line within the bytes, without its line feed.
    ///   - receive: called with each entry that is whole.
    /// - Returns: what is wrong with the line.
    package static func read(_ bytes: [UInt8], _ range: Range<Int>, _ receive: (AuditEntry) -> Void) -> Fault? {
        let range = range.clamped(to: 0..<bytes.count)
        guard var start = start(bytes, range) ?? bytes[range].firstIndex(of: UInt8(ascii: "{")) else {
            return bytes[range].allSatisfy(AuditScanner.isSpace) ? nil : .form
        }
        var fault: Fault?
        for _ in 0..<attemptLimit {
            var scanner = AuditScanner(bytes, start..<range.upperBound)
            let entry = parsed(&scanner)
            if let entry {
                receive(entry)
                if scanner.isAtEnd { return fault }
            }
            // Another entry behind it proves that this one was cut off.
            let rest = (entry == nil ? start + 1 : scanner.at)..<range.upperBound
            guard let next = self.start(bytes, rest) else { return fault ?? scanner.fault ?? .form }
            fault = .cut
            start = next
        }
        return fault
    }

    /// Where an entry begins: at a brace before one of an entry's members. In a string the quote would be escaped.
    private static func start(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        var rest = bytes[range]
        while let brace = rest.firstIndex(of: UInt8(ascii: "{")) {
            let behind = bytes[brace + 1..<range.upperBound]
            if members.contains(where: { behind.starts(with: $0) }) { return brace }
            rest = behind
        }
        return nil
    }

    /// The members that an entry may begin with, in the versions of Vault.
    private static let members = ["time", "type", "auth", "error", "forwarded_from", "request"].map {
        Array("\"\($0)\":".utf8)
    }

    private static func parsed(_ scanner: inout AuditScanner) -> AuditEntry? {
        var entry = AuditEntry()
        var time = ""
        var type = ""
        var hasRequest = false
        scanner.object { scanner, name in
            if scanner.matches(name, "time") {
                time = scanner.string(limit: 40)
            } else if scanner.matches(name, "type") {
                type = scanner.string(limit: 16)
            } else if scanner.matches(name, "error") {
                entry.error = scanner.string()
            } else if scanner.matches(name, "auth") {
                entry.auth = identity(&scanner)
            } else if scanner.matches(name, "request") {
                hasRequest = true
                request(&scanner, &entry)
            } else if scanner.matches(name, "response") {
                entry.response = response(&scanner)
            }
        }
        guard scanner.fault == nil, hasRequest, type == "request" || type == "response",
            let time = Timestamp(rfc3339: time)
        else { return nil }
        entry.time = time
        entry.isResponse = type == "response"
        return entry
    }

    private static func request(_ scanner: inout AuditScanner, _ entry: inout AuditEntry) {
        scanner.object { scanner, name in
            if scanner.matches(name, "id") {
                entry.id = scanner.string(limit: 64)
            } else if scanner.matches(name, "operation") {
                entry.operation = scanner.string(limit: 32)
            } else if scanner.matches(name, "path") {
                entry.path = scanner.string(limit: pathLimit)
            } else if scanner.matches(name, "mount_point") {
                entry.mountPoint = scanner.string(limit: pathLimit)
            } else if scanner.matches(name, "mount_type") {
                entry.mountType = scanner.string(limit: 64)
            } else if scanner.matches(name, "remote_address") {
                entry.address = scanner.string(limit: 64)
            } else if scanner.matches(name, "namespace") {
                scanner.object { scanner, name in
                    if scanner.matches(name, "path") { entry.namespace = scanner.string() }
                }
            }
        }
    }

    private static func identity(_ scanner: inout AuditScanner) -> Identity {
        var identity = Identity()
        scanner.object { scanner, name in
            if scanner.matches(name, "display_name") {
                identity.displayName = scanner.string()
            } else if scanner.matches(name, "entity_id") {
                identity.entityID = scanner.string(limit: 64)
            } else if scanner.matches(name, "accessor") {
                identity.accessor = scanner.string(limit: 96)
            } else if scanner.matches(name, "policies") {
                scanner.array { scanner in
                    identity.hasPolicies = true
                    if scanner.string(limit: 8) == "root" { identity.isRoot = true }
                }
            } else if scanner.matches(name, "token_ttl") {
                identity.timeToLive = scanner.integer().flatMap { $0 > 0 ? $0 : nil }
            } else if scanner.matches(name, "token_issue_time") {
                identity.issued = Timestamp(rfc3339: scanner.string(limit: 40))
            }
        }
        return identity
    }

    private static func response(_ scanner: inout AuditScanner) -> Response {
        var response = Response()
        scanner.object { scanner, name in
            if scanner.matches(name, "secret") {
                response.hasSecret = true
            } else if scanner.matches(name, "auth") {
                response.auth = identity(&scanner)
            } else if scanner.matches(name, "data") {
                data(&scanner, &response)
            }
        }
        return response
    }

    private static func data(_ scanner: inout AuditScanner, _ response: inout Response) {
        var hasInner = false
        var hasVersion = false
        scanner.object { scanner, name in
            response.hasData = true
            if scanner.matches(name, "error") || scanner.matches(name, "errors") {
                response.hasDataError = true
            } else if scanner.matches(name, "data") {
                hasInner = true
            } else if scanner.matches(name, "metadata") {
                scanner.object { scanner, name in
                    if scanner.matches(name, "version") { hasVersion = true }
                }
            } else if scanner.matches(name, "keys") {
                response.keys = keys(&scanner)
            }
        }
        response.isVersion2 = hasInner && hasVersion
    }

    /// The keys of a list; with the device's `elide_list_responses` their number stands in their place.
    private static func keys(_ scanner: inout AuditScanner) -> Int? {
        var probe = scanner
        if let number = probe.integer() {
            scanner = probe
            return Int(clamping: max(number, 0))
        }
        var count = 0
        scanner.array { scanner in
            count += 1
            scanner.skip()
        }
        return count
    }
}
