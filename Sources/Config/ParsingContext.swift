import Platform
import Samples
import YAML

/// What parsers of sections share: where errors go, how paths and environment variables are read.
package struct ParsingContext: Sendable {
    package let errors: ErrorList
    package let files: any FileAccess
    package let environment: [String: String]
    /// Relative paths start here: the folder of the configuration file, as in Prometheus.
    package let folder: String
    /// Whether an empty secret or path is as good as none, as in Alertmanager's configuration. Default false: a
    /// mistake.
    package var emptyIsAbsent = false

    /// Larger than any configuration, certificate or secret that makes sense.
    package static let fileLimitBytes = 4 << 20

    package init(errors: ErrorList, files: any FileAccess, environment: [String: String], folder: String) {
        self.errors = errors
        self.files = files
        self.environment = environment
        self.folder = folder
    }

    /// A path with `${NAME}` taken from the environment, made absolute. An unknown variable is an error, and the path
    /// stays as it is.
    package func path(_ text: String, at position: SourcePosition) -> String { expanded(text, at: position) ?? text }

    /// Nil after a mistake, which is in `errors`.
    private func expanded(_ text: String, at position: SourcePosition) -> String? {
        var out = ""
        var rest = Substring(text)
        var isComplete = true
        while let start = rest.firstRange(of: "${") {
            out += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                errors.add(position, "\"${\" without its \"}\"")
                return nil
            }
            let name = String(rest[start.upperBound..<end])
            if let value = environment[name] {
                out += value
            } else {
                let advice =
                    name == "CREDENTIALS_DIRECTORY"
                    ? "systemd sets it for the service; check config --as-service finds what it will find"
                    : "set it, or write the path in full"
                errors.add(position, "the environment has no variable \"\(name)\"; \(advice)")
                isComplete = false
            }
            rest = rest[rest.index(after: end)...]
        }
        out += rest
        return isComplete ? (out.hasPrefix("/") ? out : folder + "/" + out) : nil
    }

    /// The path under a key, of a file that can be read now.
    package func readableFile(_ fields: inout Fields, _ key: String) -> String? {
        guard let node = fields.node(key) else { return nil }
        guard let text = node.scalar else {
            errors.add(node.position, "\(key): expected a path, found \(node.kind)")
            return nil
        }
        if text.isEmpty, emptyIsAbsent { return nil }
        guard let path = expanded(text, at: node.position) else { return text }
        do {
            _ = try files.read(path, limit: ParsingContext.fileLimitBytes)
        } catch {
            let advice = error.isMissing ? FileContents.phrase(for: key).map { "; put there: \($0)" } ?? "" : ""
            errors.add(node.position, "\(key): cannot read \(error.description)\(advice)")
        }
        return path
    }

    /// A secret under `key`, or in a file under `key_file`; both at once are an error.
    package func secret(_ fields: inout Fields, _ key: String) -> Secret? {
        let inline = fields.string(key).flatMap { $0.isEmpty && emptyIsAbsent ? nil : $0 }
        let file = readableFile(&fields, key + "_file")
        if inline != nil, file != nil {
            errors.add(fields.position(of: key), "both \"\(key)\" and \"\(key)_file\" are given; keep one")
        }
        return file.map { Secret(file: $0) } ?? inline.map { Secret(value: $0) }
    }

    /// A duration as Prometheus writes it, longer than nothing.
    package func duration(_ fields: inout Fields, _ key: String) -> Duration? {
        fields.parsed(key, expected: "a duration such as 5s or 1h30m, above zero") { text in
            Duration(prometheus: text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    /// A number of bytes: plain, or with KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024).
    package func bytes(_ fields: inout Fields, _ key: String) -> Int? {
        fields.parsed(key, expected: "a number of bytes such as 64MiB") { ParsingContext.bytes($0) }
    }

    static func bytes(_ text: String) -> Int? {
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

    /// What was found in a URL's place; before an "@" there may be a password.
    static func shown(_ node: Node) -> String {
        node.scalar?.contains("@") == true ? "one with a user or password in it" : node.kind
    }

    /// - Parameter userAllowed: a user and password may stand before the host: where the whole URL is a secret.
    /// - Returns: the URL with its scheme in lower case; nil where it is no http or https URL with a host.
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

/// All that is wrong with a configuration, in the order of the file.
package struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    package let errors: [YAMLError]

    package init(errors: [YAMLError]) { self.errors = errors }

    package var description: String { errors.map(\.description).joined(separator: "\n") }
}
