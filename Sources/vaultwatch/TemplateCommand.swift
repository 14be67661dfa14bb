import ArgumentParser
import Delivery
import GoTemplate
import Platform

struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Test notification templates.",
        subcommands: [TemplateRenderCommand.self])
}

struct TemplateRenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Render a notification template, like amtool template render.",
        discussion: """
            --template.data is a JSON file in the format of a webhook body; without it amtool's sample is used, whose
            labels are commonlabelkey1, commonlabelkey2 and so on: there is no alertname in it.
            Examples:
              vaultwatch template render --template.text '{{ template "slack.default.title" . }}'
              vaultwatch template render --template.glob '/etc/vaultwatch/*.tmpl' --template.text '{{ template "my.text" . }}' \\
                --template.data alerts.json
              vaultwatch template render --template.text '{{ .CommonLabels.commonlabelkey1 }}'
              vaultwatch template render --template.type html --template.text '{{ template "email.default.html" . }}'
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case text, html
    }

    @Option(name: .customLong("template.glob"), help: "A shell pattern of template files; repeatable.")
    var globs: [String] = []

    @Option(name: .customLong("template.text"), help: "The template to render.")
    var text: String

    @Option(name: .customLong("template.type"), help: "Template type: text or html.")
    var kind: Kind = .text

    @Option(name: .customLong("template.data"), help: "A JSON file with the data.")
    var data: String?

    func run() async throws {
        let files = SystemFiles()
        do {
            for glob in globs where files.glob(glob).isEmpty {
                throw FileError(path: glob, reason: "no such template file")
            }
            let now = SystemTime().wall()
            let sample = try data.map { try TemplateRenderCommand.sample($0, files) } ?? TemplateSample.made(now: now)
            let composer = try Composer(templates: globs, externalURL: sample.externalURL, files: files)
            // As in amtool, no newline is added.
            let rendered = try composer.render(text, sample, escapesHTML: kind == .html, now: now)
            print(rendered, terminator: "")
            if data == nil, rendered.allSatisfy(\.isWhitespace), !text.allSatisfy(\.isWhitespace) {
                Terminal.error(
                    "the result is empty: the sample has no such field or label; .CommonLabels has commonlabelkey1 and commonlabelkey2. --template.data=FILE takes alerts of your own, in the form of a webhook's body"
                )
            }
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
    }

    private static func sample(_ path: String, _ files: any FileAccess) throws -> TemplateSample {
        let bytes = try files.read(path, limit: 4 << 20)
        do {
            return try TemplateSample(json: bytes)
        } catch {
            throw FileError(path: path, reason: "not a webhook body: \(error)")
        }
    }
}
