import Platform

/// `slack_configs`. Strings are Go templates over `TemplateData` unless said otherwise.
/// Source: Alertmanager's configuration, <slack_config>.
package struct SlackOptions: Sendable, Hashable {
    package enum Endpoint: Sendable, Hashable {
        /// An incoming webhook: its URL is the secret.
        case webhook(Secret)
        /// The Web API with a bot token, which can thread: `https://slack.com/api/chat.postMessage`.
        case api(url: String, token: Secret)
    }

    package struct Field: Sendable, Hashable {
        package var title: String
        package var value: String
        /// Nil means as `shortFields` says.
        package var short: Bool?
        package init(title: String, value: String, short: Bool? = nil) {
            self.title = title
            self.value = value
            self.short = short
        }
    }

    /// A button: it opens a link, or tells the Slack app that owns the webhook or the bot which one was pressed.
    /// Source: Alertmanager's configuration, <action_config>.
    package struct Action: Sendable, Hashable {
        /// What pressing it does.
        package enum Press: Sendable, Hashable {
            case open(url: String)
            /// The app hears `name` (blocks: `action_id`) and `value`.
            case tell(name: String, value: String, confirmation: Confirmation?)
        }

        /// `button`; what else it may be is for the classic attachment alone.
        package var type: String
        package var text: String
        /// `primary`, `danger`, or empty.
        package var style: String
        package var press: Press

        package init(type: String = "button", text: String, style: String = "", press: Press) {
            self.type = type
            self.text = text
            self.style = style
            self.press = press
        }
    }

    /// What is asked before a press counts; empty texts mean Slack's own.
    package struct Confirmation: Sendable, Hashable {
        package var text: String
        package var title: String
        package var okText: String
        package var dismissText: String

        package init(text: String, title: String = "", okText: String = "", dismissText: String = "") {
            self.text = text
            self.title = title
            self.okText = okText
            self.dismissText = dismissText
        }
    }

    package var endpoint: Endpoint
    package var http = HTTPClientOptions()
    /// Default false, as in Alertmanager; the shipped configuration says true.
    package var sendResolved = false
    /// Template; with an incoming webhook Slack may ignore it.
    package var channel = ""
    package var username = #"{{ template "slack.default.username" . }}"#
    package var color = #"{{ template "slack.default.color" . }}"#
    package var title = #"{{ template "slack.default.title" . }}"#
    package var titleLink = #"{{ template "slack.default.titlelink" . }}"#
    package var pretext = #"{{ template "slack.default.pretext" . }}"#
    /// Default: with `blocks`, a section for each alert.
    package var text = SlackOptions.defaultText
    package var fallback = #"{{ template "slack.default.fallback" . }}"#
    package var footer = #"{{ template "slack.default.footer" . }}"#
    package var callbackID = #"{{ template "slack.default.callbackid" . }}"#
    package var iconEmoji = #"{{ template "slack.default.iconemoji" . }}"#
    package var iconURL = #"{{ template "slack.default.iconurl" . }}"#
    package var imageURL = ""
    package var thumbURL = ""
    package var fields: [Field] = []
    package var shortFields = false
    package var actions: [Action] = []
    package var linkNames = false
    /// Attachment fields that are marked up when `blocks` is false; plain.
    package var markdownIn = ["fallback", "pretext", "text"]
    /// Block Kit inside the coloured attachment; false gives Alertmanager's classic attachment. Default true.
    package var blocks = true
    /// With a bot token, resolves and repeats answer the first message of their group. Default true.
    package var threads = true
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    package static let defaultText = #"{{ template "slack.default.text" . }}"#
    package static let apiURL = "https://slack.com/api/chat.postMessage"

    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }
}
