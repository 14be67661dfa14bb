import Platform

/// Profiles in the files that AWS' tools share. Sources: AWS SDKs and Tools Reference Guide, "Using shared config and
/// credentials files", "Assume role credential provider".
extension KeySource {
    func profileKeys(_ options: S3Credentials.ProfileOptions) async throws(S3Error) -> SessionKeys {
        let home = variable("HOME")
        func path(_ configured: String?, _ name: String, _ usual: String) throws(S3Error) -> String {
            if let path = configured ?? variable(name) { return path }
            guard let home else { throw failure("neither \(name) nor HOME is set, and no file is configured") }
            return "\(home)/.aws/\(usual)"
        }
        let credentials = try path(options.credentialsFile, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
        let config = try path(options.configFile, "AWS_CONFIG_FILE", "config")
        let profiles = try await profiles(credentials, config)
        guard let profile = profiles[options.name] else { throw failure("neither \(credentials) nor \(config) has it") }
        // A service cannot run a credential program or log in with a browser.
        for key in ["credential_process", "sso_session", "sso_start_url", "mfa_serial", "credential_source"]
        where profile[key] != nil {
            throw failure("\(key) is not supported; use keys, role_arn with source_profile, or another source")
        }
        guard let role = profile["role_arn"] else { return try fixedKeys(profile, options.name) }
        let session = profile["role_session_name"] ?? "vaultwatch"
        if let file = profile["web_identity_token_file"] {
            return try await assume(
                "AssumeRoleWithWebIdentity",
                [
                    ("RoleArn", role), ("RoleSessionName", session),
                    ("WebIdentityToken", try await line(of: file, "the web identity token")),
                ], endpoint: options.stsEndpoint, signedWith: nil)
        }
        guard let source = profile["source_profile"] else {
            throw failure("role_arn needs source_profile or web_identity_token_file beside it")
        }
        guard let other = profiles[source] else { throw failure("source_profile \"\(source)\" is not in the files") }
        // A profile may be its own source, with its own keys.
        if source != options.name, other["role_arn"] != nil {
            throw failure("source_profile \"\(source)\" assumes a role itself, which is not supported")
        }
        var parameters = [("RoleArn", role), ("RoleSessionName", session)]
        if let id = profile["external_id"] { parameters.append(("ExternalId", id)) }
        return try await assume(
            "AssumeRole", parameters, endpoint: options.stsEndpoint, signedWith: try fixedKeys(other, source))
    }

    private func fixedKeys(_ profile: [String: String], _ name: String) throws(S3Error) -> SessionKeys {
        guard
            let keys = SessionKeys(
                profile["aws_access_key_id"], profile["aws_secret_access_key"], token: profile["aws_session_token"],
                expires: nil)
        else { throw failure("\"\(name)\" has no aws_access_key_id and aws_secret_access_key") }
        return keys
    }

    /// The profiles of both files; the credentials file takes precedence. One of them may be missing.
    private func profiles(_ credentials: String, _ config: String) async throws(S3Error) -> [String: [String: String]] {
        var profiles: [String: [String: String]] = [:]
        var missing = 0
        for (path, isConfig) in [(config, true), (credentials, false)] {
            do {
                let text = try await files.readInTime(path, limit: 1 << 20)
                for (name, values) in ProfileFile.parse(String(decoding: text, as: UTF8.self), isConfig: isConfig) {
                    profiles[name, default: [:]].merge(values) { _, new in new }
                }
            } catch  where error.isMissing {
                missing += 1
            } catch {
                throw failure("cannot read \(error)")
            }
        }
        guard missing < 2 else { throw failure("there is neither \(credentials) nor \(config)") }
        return profiles
    }
}

/// The format of AWS' shared files: sections of `key = value`. Source: AWS SDKs and Tools Reference Guide, "Shared
/// config and credentials file format".
enum ProfileFile {
    /// A file with more or longer lines was not written by a human.
    private static let lineLimit = 20_000

    /// The profiles by name.
    /// - Parameter isConfig: in the config file a section is called `profile NAME`, except for `default`.
    static func parse(_ text: String, isConfig: Bool) -> [String: [String: String]] {
        var profiles: [String: [String: String]] = [:]
        var current: String?
        for raw in text.split(whereSeparator: \.isNewline).prefix(lineLimit) {
            let line = trim(raw)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let end = line.firstIndex(of: "]") else {
                    current = nil
                    continue
                }
                let words = line[line.index(after: line.startIndex)..<end].split(separator: " ", maxSplits: 1)
                    .map { trim($0) }
                current =
                    switch (words.count, isConfig) {
                    case (1, false): String(words[0])
                    case (1, true) where words[0] == "default": "default"
                    case (2, true) where words[0] == "profile": String(words[1])
                    default: nil
                    }
                continue
            }
            // An indented line belongs to the preceding setting, such as `s3 =`; keys are not indented.
            guard let current, raw.first?.isWhitespace == false, let equals = line.firstIndex(of: "=") else { continue }
            var value = trim(line[line.index(after: equals)...])
            for comment in [" #", " ;", "\t#", "\t;"] {
                if let start = value.firstRange(of: comment) { value = trim(value[..<start.lowerBound]) }
            }
            profiles[current, default: [:]][trim(line[..<equals]).lowercased()] = String(value)
        }
        return profiles
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
