package import Platform
import Samples
package import YAML

/// Shared by the parsers of all sections: the list of errors, the file system, the environment.
package struct ParsingContext: Sendable {
    /// Collects all mistakes.
    package let errors: ErrorList
    /// Opens the files that the configuration names.
    package let files: any FileAccess
    /// The variables for `${NAME}` in paths.
    package let environment: [String: String]
    /// The directory of the configuration file; relative paths start there, as in Prometheus.
    package let folder: String
    /// Whether an empty secret or path counts as absent, as in Alertmanager's configuration. Default false: it is an
    /// error.
    package var emptyIsAbsent = false

    /// Where secrets stand in the file.
    let secrets = SecretPositions()

    /// Maximum size of a configuration, certificate or secret, in bytes.
    package static let fileLimitBytes = 4 << 20

    /// - Parameter folder: the directory of the configuration file.
    package init(errors: ErrorList, files: any FileAccess, environment: [String: String], folder: String) {
        self.errors = errors
        self.files = files
        self.environment = environment
        self.folder = folder
    }

    /// A context for a separate file, without errors so far.
    package init(file: String, files: any FileAccess, environment: [String: String]) {
        self.init(errors: ErrorList(), files: files, environment: environment, folder: parentFolder(of: file))
    }

    /// Replaces `${NAME}` with the environment's variables and makes the path absolute. An unknown variable is an
    /// error; the path is returned unchanged then.
    package func path(_ text: String, at position: SourcePosition) -> String { expanded(text, at: position) ?? text }

    /// Nil after an error, which is added to `errors`.
    private func expanded(_ text: String, at position: SourcePosition) -> String? {
        var out = ""
        var rest = Substring(text)
        var isComplete = true
        while let start = rest.firstRange(of: "${") {
            out += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                errors.add(position, "\"${\" without a closing \"}\"")
                return nil
            }
            let name = String(rest[start.upperBound..<end])
            if let value = environment[name] {
                out += value
            } else {
                let advice =
                    name == "CREDENTIALS_DIRECTORY"
                    ? "systemd sets it for the service; check config --as-service finds what it will find"
                    : "set it, or write out the path"
                errors.add(position, "the environment has no variable \"\(name)\"; \(advice)")
                isComplete = false
            }
            rest = rest[rest.index(after: end)...]
        }
        out += rest
        return isComplete ? (out.hasPrefix("/") ? out : folder + "/" + out) : nil
    }

    /// The path under a key; an error is added if the file cannot be read now. If its disk does not respond, its state
    /// is unknown, and its use reports the failure.
    package func readableFile(_ fields: inout Fields, _ key: String) -> String? {
        fields.node(key).flatMap { readableFile($0, key) }
    }

    /// `readableFile` for one of several paths under a key.
    package func readableFile(_ node: Node, _ key: String) -> String? {
        guard let text = node.scalar else {
            errors.add(node.position, "\(key): expected a path, found \(node.kind)")
            return nil
        }
        if text.isEmpty, emptyIsAbsent { return nil }
        guard let path = expanded(text, at: node.position) else { return text }
        do {
            _ = try files.read(path, limit: ParsingContext.fileLimitBytes)
        } catch  where !error.isStuck {
            let advice = error.isMissing ? FileContents.phrase(for: key).map { "; put there: \($0)" } ?? "" : ""
            errors.add(node.position, "\(key): cannot read \(error.description)\(advice)")
        } catch {}
        return path
    }

    /// A secret under `key`, or in the file under `key_file`; giving both is an error.
    package func secret(_ fields: inout Fields, _ key: String) -> Secret? {
        if let node = fields.node(key) { secrets.add(node.position) }
        let inline = fields.string(key).flatMap { $0.isEmpty && emptyIsAbsent ? nil : $0 }
        let file = readableFile(&fields, key + "_file")
        if inline != nil, file != nil {
            errors.add(fields.position(of: key), "both \"\(key)\" and \"\(key)_file\" are given; keep one")
        }
        return file.map { Secret(file: $0) } ?? inline.map { Secret(value: $0) }
    }

    /// A duration in Prometheus' notation, above zero.
    package func duration(_ fields: inout Fields, _ key: String) -> Duration? {
        fields.parsed(key, expected: "a duration such as 5s or 1h30m, above zero") { text in
            Duration(prometheus: text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    /// A number of bytes: plain, or with KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024).
    package func bytes(_ fields: inout Fields, _ key: String) -> Int? {
        fields.parsed(key, expected: "a number of bytes such as 64MiB") { ParsingContext.bytes($0) }
    }

    /// Parses a number of bytes; see `bytes(_:_:)`.
    package static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        let factors = [
            "": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
            "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
        ]
        guard let number = Int(digits), let factor = factors[String(unit)] else { return nil }
        let (product, overflowed) = number.multipliedReportingOverflow(by: factor)
        return overflowed ? nil : product
    }

    /// An http or https URL with a host, without a trailing slash.
    package func url(_ fields: inout Fields, _ key: String, required: Bool = false) -> String? {
        guard let node = required ? fields.required(key) : fields.node(key) else { return nil }
        guard let text = node.scalar, let url = ParsingContext.webURL(text) else {
            errors.add(
                node.position,
                "\(key): expected a URL such as https://vault-1.example.org:8200, found \(ParsingContext.shown(node))")
            return nil
        }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Describes what was found where a URL is expected; a password before "@" is not repeated.
    static func shown(_ node: Node) -> String {
        node.scalar?.contains("@") == true ? "one with a user name or password" : node.kind
    }

    /// Checks an http or https URL.
    /// - Parameter userAllowed: whether `user:password@` may precede the host, for URLs that are secrets.
    /// - Returns: the URL with its scheme in lower case; nil for anything but an http or https URL with a host.
    static func webURL(_ text: String, userAllowed: Bool = false) -> String? {
        for scheme in ["http://", "https://"] where text.prefix(scheme.count).lowercased() == scheme {
            let rest = text.dropFirst(scheme.count)
            var host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            if userAllowed, let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
            let isGood =
                !host.isEmpty && !host.hasPrefix(":") && !host.contains("@")
                && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
            return isGood ? scheme + rest : nil
        }
        return nil
    }
}

/// All mistakes in a configuration, in the order of the file.
package struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    /// Each mistake with its position.
    package let errors: [YAMLError]

    /// - Parameter errors: at least one, in the order of the file.
    package init(errors: [YAMLError]) { self.errors = errors }

    /// One line for each mistake: `file:line:column: message`.
    package var description: String { errors.map(\.description).joined(separator: "\n") }
}
