package import HTTPServer
package import Platform
package import Web
import YAML

/// The exporter toolkit's web configuration file. Source: prometheus/exporter-toolkit, docs/web-configuration.md.
package struct WebFile: Sendable {
    /// `basic_auth_users`: names and bcrypt hashes.
    package var users: [String: String] = [:]
    /// `http_server_config.headers`, sent with every response.
    package var headers: [WebAccess.Header] = []
    /// `tls_server_config`; nil for plain HTTP.
    package var tls: ServerTLS?

    /// No users, no headers, plain HTTP.
    package init() {}

    /// Parses and validates a file; certificates and keys must be readable.
    /// - Parameter environment: for `${NAME}` in paths.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> WebFile {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        var file = WebFile()
        if let root = Configuration.document(path, context) {
            var fields = Fields(root, errors, "the web configuration")
            file.users = fields.stringMap("basic_auth_users")
            if let node = fields.node("http_server_config") {
                var server = Fields(node, errors, "http_server_config")
                file.headers = server.stringMap("headers").sorted { $0.key < $1.key }.map {
                    .init(name: $0.key, value: $0.value)
                }
                // Accepted for compatibility; HTTP/1.1 is always used.
                _ = server.bool("http2")
                server.finish()
            }
            if let node = fields.node("tls_server_config") { file.tls = tls(node, context) }
            fields.finish()
        }
        guard errors.isEmpty else { throw ConfigurationErrors(errors: errors.errors) }
        return file
    }

    private static func tls(_ node: Node, _ context: ParsingContext) -> ServerTLS? {
        var fields = Fields(node, context.errors, "tls_server_config")
        defer { fields.finish() }
        let (certificate, key) = (context.readableFile(&fields, "cert_file"), context.readableFile(&fields, "key_file"))
        let authority = context.readableFile(&fields, "client_ca_file")
        let authentication = fields.choice("client_auth_type", ServerTLS.ClientAuthentication.self)
        let minimum = fields.choice("min_version", ServerTLS.Version.self)
        let maximum = fields.choice("max_version", ServerTLS.Version.self)
        guard let certificate, let key else {
            context.errors.add(node.position, "tls_server_config needs cert_file and key_file")
            return nil
        }
        var tls = ServerTLS(certificateFile: certificate, keyFile: key)
        tls.clientCAFile = authority
        if let authentication { tls.clientAuthentication = authentication }
        if let minimum { tls.minimumVersion = minimum }
        if let maximum { tls.maximumVersion = maximum }
        return tls
    }
}
