import Alerts
import GoTemplate
package import Platform
import Samples
import Synchronization
import Text
package import TimeZones

/// Expands templates of the configuration: the default templates, overridden by the user's files.
package struct Composer: Sendable {
    private let text: TemplateSet
    private let html: TemplateSet
    /// The default templates alone, for messages whose user templates fail.
    private let builtinText: TemplateSet
    private let builtinHTML: TemplateSet
    /// What the user's files define.
    private let redefined: Set<String>
    private let report: @Sendable (_ problem: String) -> Void
    private let zones: Zones
    private let clock: MessageClock
    let externalURL: String
    private static let fileLimitBytes = 1 << 20

    /// - Parameters:
    ///   - patterns: shell patterns of the user's template files.
    ///   - zone: the zone in which the default texts show times, beside UTC.
    ///   - report: called for each template that failed in execution.
    /// - Throws: `TemplateError` with file, line and column; `FileError`.
    package init(
        templates patterns: [String] = [], externalURL: String, zone: TimeZoneData = .utc, files: any FileAccess,
        report: @escaping @Sendable (_ problem: String) -> Void = { _ in }
    ) throws {
        self.externalURL = externalURL
        self.report = report
        clock = MessageClock(zone: zone)
        let zones = Zones(files: files)
        self.zones = zones
        var base = TemplateSet(functions: Composer.functions(now: Timestamp(milliseconds: 0), zones))
        try base.parse(DefaultTemplates.text, name: "default.tmpl")
        var markup = base
        markup.options.escapesHTML = true
        try markup.parse(DefaultTemplates.html, name: "email.tmpl")
        (builtinText, builtinHTML) = (base, markup)
        var own = TemplateSet(functions: base.functions)
        for pattern in patterns {
            for path in files.glob(pattern) {
                let source = String(decoding: try files.read(path, limit: Composer.fileLimitBytes), as: UTF8.self)
                try own.parse(source, name: path)
                try base.parse(source, name: path)
                try markup.parse(source, name: path)
            }
        }
        text = base
        html = markup
        redefined = own.names
    }

    /// The texts of one notification.
    func draft(_ notification: Notification) -> Draft {
        let functions = Composer.functions(now: notification.decidedAt, zones)
        func at(_ set: TemplateSet) -> TemplateSet {
            var set = set
            set.functions = functions
            return set
        }
        let incidentTexts = IncidentText.incidentTexts(of: notification, clock: clock)
        let tellings = Telling.all(of: notification, incidentTexts, clock: clock, externalURL: externalURL)
        let title = MessageTitle(notification, incidentTexts, clock)
        return Draft(
            notification: notification, incidentTexts: incidentTexts, tellings: tellings, title: title.text,
            stillLines: TemplateData.stillLines(notification, clock),
            data: TemplateData.value(
                notification, incidentTexts: incidentTexts, tellings: tellings, title: title, clock: clock,
                externalURL: externalURL),
            text: at(text), html: at(html),
            builtinText: at(builtinText), builtinHTML: at(builtinHTML), redefined: redefined, report: report)
    }

    /// The templates, with the user's overriding the default ones.
    func set(escapesHTML: Bool, now: Timestamp) -> TemplateSet {
        var set = escapesHTML ? html : text
        set.functions = Composer.functions(now: now, zones)
        return set
    }

    private static func functions(now: Timestamp, _ zones: Zones) -> TemplateFunctions {
        AlertmanagerFunctions.table(now: now) { name, time in
            zones.named(name).map { .init(offsetSeconds: $0.offset(at: time), abbreviation: $0.abbreviation(at: time)) }
        }
    }
}

/// The machine's time zones, each read once. Without the time zone database a named zone is an error in the template
/// that names it.
private final class Zones: Sendable {
    private let files: any FileAccess
    private let known = Mutex<[String: TimeZoneData]>([:])
    /// Zone names come from templates, which use only a few.
    private static let limit = 100

    init(files: any FileAccess) { self.files = files }

    func named(_ name: String) -> TimeZoneData? {
        if let zone = known.withLock({ $0[name] }) { return zone }
        guard let zone = try? TimeZoneData.named(name, files) else { return nil }
        known.withLock { if $0.count < Zones.limit { $0[name] = zone } }
        return zone
    }
}

/// The texts of one notification. A mistake in a template never loses the message: if the user's template fails, the
/// default one is used, and if that fails, plain text.
struct Draft: Sendable {
    let notification: Notification
    /// Its incidents that have consequences.
    let incidentTexts: [IncidentText]
    /// What it tells: those incidents, and its other alerts.
    let tellings: [Telling]
    /// The message in one line.
    let title: String
    /// What still fires beside resolved alerts, in the order of the notification.
    let stillLines: [String]
    fileprivate let data: TemplateValue
    fileprivate let text: TemplateSet
    fileprivate let html: TemplateSet
    fileprivate let builtinText: TemplateSet
    fileprivate let builtinHTML: TemplateSet
    /// The templates that the user's files define.
    let redefined: Set<String>
    fileprivate let report: @Sendable (_ problem: String) -> Void

    /// An address, a key or a channel, for which there is no fallback.
    /// - Throws: `DeliveryError`: a template that fails now would fail again.
    func address(_ template: String) throws(DeliveryError) -> String {
        do {
            return try expand(text, template)
        } catch {
            throw DeliveryError(.other, retryable: false, "\(error)")
        }
    }

    /// A text of the message; if its template fails, that of `fallback`, the default one.
    func content(_ template: String, else fallback: String = "") -> String {
        attempt(text, template) ?? attempt(builtinText, fallback) ?? plainText
    }

    /// A text as HTML: the output of actions is escaped.
    func markup(_ template: String, else fallback: String) -> String {
        attempt(html, template) ?? attempt(builtinHTML, fallback)
            ?? "<pre>\(Markup.escape(plainText, quotes: .kept))</pre>"
    }

    private func attempt(_ set: TemplateSet, _ template: String) -> String? {
        do {
            return try expand(set, template)
        } catch {
            report("\(error)")
            return nil
        }
    }

    private func expand(_ set: TemplateSet, _ template: String) throws(TemplateError) -> String {
        try set.expand(template, name: "receiver \(notification.receiver)", data)
    }

    /// A text that needs no template: bounded, and never fails.
    var plainText: String {
        let names = Set(notification.alerts.map(\.name)).sorted().prefix(20).joined(separator: ", ")
        return "[\(notification.status.rawValue.uppercased()):\(notification.alerts.count)] \(names)".truncated(
            toRunes: 1000)
    }
}
