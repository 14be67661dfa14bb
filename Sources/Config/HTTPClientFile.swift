package import Delivery
package import Platform
import YAML

/// A file with HTTP client settings, as amtool and promtool take it with `--http.config.file`.
/// Source: prometheus/common, config.HTTPClientConfig.
package enum HTTPClientFile {
    /// Parses and validates a file; the files that it names must be readable.
    /// - Parameter environment: for `${NAME}` in paths.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> HTTPClientOptions {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        let options = Configuration.document(path, context).map {
            ReceiversParser(context: context).httpClient($0, default: HTTPClientOptions())
        }
        guard errors.isEmpty, let options else { throw ConfigurationErrors(errors: errors.errors) }
        return options
    }
}
