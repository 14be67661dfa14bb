import Platform
package import Transport

/// `email_configs`. Strings marked "template" are Go templates over `TemplateData`.
/// Source: Alertmanager's configuration, <email_config>.
package struct EmailOptions: Sendable, Hashable {
    /// Which mails a mail program should show as one thread.
    package enum Threading: String, Sendable, Hashable, CaseIterable {
        case off
        /// One thread per incident: from a group's first message to its end.
        case incident
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
    /// The SMTP server.
    package var host: String
    /// The SMTP server's port; 25 and 587 are usual, 465 with TLS from the first byte.
    package var port: Int
    /// The host name given in EHLO. Default `localhost`.
    package var hello = "localhost"
    /// Default: STARTTLS is required; port 465 means TLS from the first byte.
    package var security: MailRequest.Security = .startTLSRequired
    /// How the server's certificate is verified.
    package var tls = TLSOptions()
    /// How the agent logs in.
    package var credentials: MailRequest.Credentials = .none
    /// The SASL authorization identity, if it differs from the user.
    package var identity: String?
    /// Additional headers, or replacements for `Subject`, `To`, `From`, `Reply-To`; templates.
    package var headers: [String: String] = [:]
    /// Template; empty leaves the part out.
    package var html = #"{{ template "email.default.html" . }}"#
    /// Template; empty leaves the part out. The default one is wrapped at 72 columns.
    package var text = EmailOptions.defaultText
    /// Default: one thread per incident.
    package var threading: Threading = .incident
    /// Default 30 s.
    package var timeout: Duration = .seconds(30)

    /// The default text.
    package static let defaultText = #"{{ template "email.default.text" . }}"#
    /// The subject unless `headers` gives another; template.
    package static let defaultSubject = #"{{ template "email.default.subject" . }}"#

    /// Defaults as documented for each property.
    package init(to: String, from: String, host: String, port: Int) {
        self.to = to
        self.from = from
        self.host = host
        self.port = port
    }
}
