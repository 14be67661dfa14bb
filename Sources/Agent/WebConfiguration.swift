package import Config
package import HTTPServer
package import Platform
package import Web
import YAML

/// The exporter toolkit's web configuration file. Source: prometheus/exporter-toolkit, docs/web-configuration.md.
package struct WebConfiguration: Sendable {
    /// Users and headers.
    package var access = WebAccess()
    /// Nil where the file has no `tls_server_config`.
    package var tls: ServerTLS?
}

extension Agent {
    /// The file that `web.config_file` names.
    /// - Throws: `ConfigurationErrors`.
    package static func webConfiguration(
        _ web: WebOptions, _ options: AgentOptions, _ platform: Platform
    ) throws(ConfigurationErrors) -> WebConfiguration {
        var configuration = WebConfiguration()
        guard let path = web.configFile else { return configuration }
        let errors = ErrorList()
        let context = ParsingContext(
            errors: errors, files: platform.files, environment: options.environment, folder: parentFolder(of: path)
        )
        do {
            let root = try Node.parse(try platform.files.read(path, limit: ParsingContext.fileLimitBytes), file: path)
            var fields = Fields(root, errors, "the web configuration")
            configuration.access.users = fields.stringMap("basic_auth_users")
            if let node = fields.node("http_server_config") {
                var server = Fields(node, errors, "http_server_config")
                configuration.access.headers = server.stringMap("headers").sorted { $0.key < $1.key }.map {
                    ($0.key, $0.value)
                }
                _ = server.bool("http2")
                server.finish()
            }
            if let node = fields.node("tls_server_config") {
                var tls = Fields(node, errors, "tls_server_config")
                let (certificate, key) = (
                    context.readableFile(&tls, "cert_file"), context.readableFile(&tls, "key_file")
                )
                if let certificate, let key {
                    var server = ServerTLS(certificateFile: certificate, keyFile: key)
                    server.clientCAFile = context.readableFile(&tls, "client_ca_file")
                    if let value = tls.choice("client_auth_type", ServerTLS.ClientAuthentication.self) {
                        server.clientAuthentication = value
                    }
                    if let value = tls.choice("min_version", ServerTLS.Version.self) { server.minimumVersion = value }
                    if let value = tls.choice("max_version", ServerTLS.Version.self) { server.maximumVersion = value }
                    configuration.tls = server
                } else {
                    errors.add(node.position, "tls_server_config needs cert_file and key_file")
                }
                tls.finish()
            }
            fields.finish()
        } catch let error as YAMLError {
            errors.add(error)
        } catch {
            errors.add(SourcePosition(file: path, line: 1, column: 1), "\(error)")
        }
        guard errors.isEmpty else { throw ConfigurationErrors(errors: errors.errors) }
        return configuration
    }
}
