import Platform
import Transport

/// `email_configs`. Strings marked "template" are Go templates over `TemplateData`.
/// Source: Alertmanager's configuration, <email_config>.
package struct EmailOptions: Sendable, Hashable {
    package enum Threading: String, Sendable, Hashable, CaseIterable {
        case off
        /// One thread per group of alerts and UTC day.
        case daily
        /// One thread per group of alerts.
        case group
    }

    /// Default false, as in Alertmanager; the shipped configuration says true.
    package var sendResolved = false
    /// Addresses, separated by commas; template.
    package var to: String
    /// The sender's address; template.
    package var from: String
    package var host: String
    package var port: Int
    /// The name to say in EHLO. Default `localhost`.
    package var hello = "localhost"
    /// Default: STARTTLS or no mail; port 465 means TLS from the first byte.
    package var security: MailRequest.Security = .startTLSRequired
    package var tls = TLSOptions()
    package var credentials: MailRequest.Credentials = .none
    /// Whom to act as, where it is not the user.
    package var identity: String?
    /// Further headers, or other values for `Subject`, `To`, `From`, `Reply-To`; templates.
    package var headers: [String: String] = [:]
    /// Template; empty leaves the part out.
    package var html = #"{{ template "email.default.html" . }}"#
    /// Template; empty leaves the part out.
    package var text = #"{{ template "email.default.text" . }}"#
    /// Default: a thread a group and day.
    package var threading: Threading = .daily
    /// Default 30 s.
    package var timeout: Duration = .seconds(30)

    package static let defaultSubject = #"{{ template "email.default.subject" . }}"#

    package init(to: String, from: String, host: String, port: Int) {
        self.to = to
        self.from = from
        self.host = host
        self.port = port
    }
}
