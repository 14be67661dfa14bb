import Platform
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// The settings of a systemd unit for its service: account, environment, credentials. Source: systemd.exec(5).
struct ServiceUnit: Hashable {
    /// A secret that systemd copies for the service when it starts.
    struct Credential: Hashable {
        var name: String
        /// The source of the copy.
        var source: String
        var isEncrypted: Bool
    }

    var user = "root"
    var environment: [String: String] = [:]
    /// Without the "-" in front of optional ones.
    var environmentFiles: [String] = []
    var credentials: [Credential] = []

    static let name = "vaultwatch.service"
    /// Where the copies of credentials are while the service is running; root may read them.
    static let credentialsFolder = "/run/credentials/\(name)"

    /// Queries systemd for the installed unit with its drop-ins.
    /// - Throws: `ServiceUnitError`.
    static func installed() throws(ServiceUnitError) -> ServiceUnit {
        let (output, status) = output(of: "systemctl cat \(name) 2>&1")
        guard status == 0 else {
            throw ServiceUnitError(
                message: "systemctl cat \(name): \(output.split(separator: "\n").first ?? "no answer")")
        }
        return ServiceUnit(parsing: output)
    }

    /// - Parameter text: the concatenated files of the unit, as printed by `systemctl cat`.
    init(parsing text: String) {
        var isService = false
        for line in ServiceUnit.lines(text) {
            if line.hasPrefix("[") {
                isService = line == "[Service]"
                continue
            }
            guard isService, !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") else {
                continue
            }
            let value = line[line.index(after: equals)...].trimmingSpaces
            switch line[..<equals].trimmingSpaces {
            case "User": user = value.isEmpty ? "root" : value
            case "Environment":
                if value.isEmpty { environment = [:] }
                for word in ServiceUnit.words(value) { set(word) }
            case "EnvironmentFile":
                if value.isEmpty {
                    environmentFiles = []
                } else {
                    environmentFiles.append(value.hasPrefix("-") ? String(value.dropFirst()) : value)
                }
            case "LoadCredential": add(value, isEncrypted: false)
            case "LoadCredentialEncrypted": add(value, isEncrypted: true)
            default: break
            }
        }
    }

    /// The service's environment variables.
    /// - Parameter files: for its environment files.
    func variables(_ files: any FileAccess) -> [String: String] {
        var result = self
        for path in environmentFiles {
            guard let bytes = try? files.read(path, limit: 1 << 20) else { continue }
            for line in ServiceUnit.lines(String(decoding: bytes, as: UTF8.self)) where !line.hasPrefix("#") {
                result.set(ServiceUnit.words(line).joined(separator: " "))
            }
        }
        if !credentials.isEmpty { result.environment["CREDENTIALS_DIRECTORY"] = ServiceUnit.credentialsFolder }
        return result.environment
    }

    private mutating func set(_ assignment: String) {
        guard let equals = assignment.firstIndex(of: "=") else { return }
        environment[String(assignment[..<equals])] = String(assignment[assignment.index(after: equals)...])
    }

    private mutating func add(_ value: String, isEncrypted: Bool) {
        if value.isEmpty {
            credentials = []
            return
        }
        let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
        // A name without a path is searched in systemd's own folders.
        let folder = isEncrypted ? "/etc/credstore.encrypted/" : "/etc/credstore/"
        credentials.append(
            Credential(name: parts[0], source: parts.count > 1 ? parts[1] : folder + parts[0], isEncrypted: isEncrypted)
        )
    }

    /// Joins lines that end in a backslash with the next one.
    private static func lines(_ text: String) -> [String] {
        var result: [String] = []
        var begun = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            begun += line.trimmingSpaces
            if begun.hasSuffix("\\") {
                begun = begun.dropLast() + " "
            } else {
                result.append(begun)
                begun = ""
            }
        }
        return begun.isEmpty ? result : result + [begun]
    }

    /// Splits at spaces, except within quotation marks.
    private static func words(_ text: String) -> [String] {
        var result: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let word { result.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return word.map { result + [$0] } ?? result
    }

    /// Runs a command line of sh(1) to completion; popen(3).
    /// - Returns: at most 1 MiB of its output, and its status as in wait(2); -1 if it can't be run.
    static func output(of commandLine: String) -> (text: String, status: Int32) {
        guard let stream = popen(commandLine, "re") else { return ("", -1) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count < 1 << 20 {
            let count = fread(&chunk, 1, chunk.count, stream)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return (String(decoding: bytes, as: UTF8.self), pclose(stream))
    }
}

/// Why a unit can't be read.
struct ServiceUnitError: Error, Hashable, CustomStringConvertible {
    let message: String
    var description: String { message }
}
