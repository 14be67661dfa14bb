import Alerts
import GoTemplate
import Platform
import Samples

/// Turns templates of the configuration into text: the default templates, the user's files over them.
package struct Composer: Sendable {
    private let text: TemplateSet
    private let html: TemplateSet
    let externalURL: String
    private static let largestFile = 1 << 20

    /// - Parameter patterns: shell patterns of the user's template files.
    /// - Throws: `TemplateError` with file, line and column; `FileError`.
    package init(templates patterns: [String] = [], externalURL: String, files: any FileAccess) throws {
        self.externalURL = externalURL
        var base = TemplateSet(functions: Composer.functions(now: Timestamp(milliseconds: 0)))
        try base.parse(DefaultTemplates.text, name: "default.tmpl")
        var markup = base
        markup.options.escapesHTML = true
        try markup.parse(DefaultTemplates.html, name: "email.tmpl")
        for pattern in patterns {
            for path in files.glob(pattern) {
                let source = String(decoding: try files.read(path, limit: Composer.largestFile), as: UTF8.self)
                try base.parse(source, name: path)
                try markup.parse(source, name: path)
            }
        }
        text = base
        html = markup
    }

    /// - Throws: `DeliveryError`: a template that fails now fails again.
    func expand(_ template: String, _ notification: Notification) throws(DeliveryError) -> String {
        try run(text, template, notification)
    }

    /// The same with what actions put out escaped as HTML.
    func expandHTML(_ template: String, _ notification: Notification) throws(DeliveryError) -> String {
        try run(html, template, notification)
    }

    private func run(_ set: TemplateSet, _ template: String, _ notification: Notification) throws(DeliveryError) -> String {
        // Most settings are plain text.
        if !template.contains("{{") { return template }
        var set = set
        set.functions = Composer.functions(now: notification.decidedAt)
        do {
            return try set.expand(template, name: "receiver \(notification.receiver)", TemplateData.value(notification, externalURL: externalURL))
        } catch {
            throw DeliveryError(.other, retryable: false, "\(error)")
        }
    }

    private static func functions(now: Timestamp) -> TemplateFunctions {
        // Zones need the machine's database; without one, a named zone is an error that names it.
        AlertmanagerFunctions.table(now: now) { _, _ in nil }
    }
}
