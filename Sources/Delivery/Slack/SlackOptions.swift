package import Platform

/// `slack_configs`. Strings are Go templates over `TemplateData` unless said otherwise.
/// Source: Alertmanager's configuration, <slack_config>.
package struct SlackOptions: Sendable, Hashable {
    /// Where messages are posted.
    package enum Endpoint: Sendable, Hashable {
        /// An incoming webhook, whose URL is the secret.
        case webhook(Secret)
        /// The Web API with a bot token, which supports threads: `https://slack.com/api/chat.postMessage`.
        case api(url: String, token: Secret)
    }

    /// A field of the attachment.
    package struct Field: Sendable, Hashable {
        /// Its heading; template.
        package var title: String
        /// Its text; template.
        package var value: String
        /// Nil: `shortFields` applies.
        package var short: Bool?
        /// A field that is as short as `shortFields` says unless given.
        package init(title: String, value: String, short: Bool? = nil) {
            self.title = title
            self.value = value
            self.short = short
        }
    }

    /// A button: it opens a link, or makes Slack notify the app that owns the webhook or the bot.
    /// Source: Alertmanager's configuration, <action_config>.
    package struct Action: Sendable, Hashable {
        /// What pressing it does.
        package enum Press: Sendable, Hashable {
            case open(url: String)
            /// Slack sends `name` (with blocks as `action_id`) and `value` to the app.
            case send(name: String, value: String, confirmation: Confirmation?)
        }

        /// `button`; other types are only for the classic attachment.
        package var type: String
        /// Its label; template.
        package var text: String
        /// `primary`, `danger`, or empty.
        package var style: String
        /// What pressing it does.
        package var press: Press

        /// A button unless another type is given.
        package init(type: String = "button", text: String, style: String = "", press: Press) {
            self.type = type
            self.text = text
            self.style = style
            self.press = press
        }
    }

    /// The confirmation asked for after a press; empty texts mean Slack's defaults.
    package struct Confirmation: Sendable, Hashable {
        /// The question; template.
        package var text: String
        /// The title above it; template.
        package var title: String
        /// The label of the button that confirms; template.
        package var okText: String
        /// The label of the button that cancels; template.
        package var dismissText: String

        /// Slack's defaults unless given.
        package init(text: String, title: String = "", okText: String = "", dismissText: String = "") {
            self.text = text
            self.title = title
            self.okText = okText
            self.dismissText = dismissText
        }
    }

    /// Where messages are posted.
    package var endpoint: Endpoint
    /// How the endpoint is reached.
    package var http = HTTPClientOptions()
    /// Default false, as in Alertmanager; the shipped configuration says true.
    package var sendResolved = false
    /// Template; with an incoming webhook Slack may ignore it.
    package var channel = ""
    /// The name that it is posted under; template.
    package var username = #"{{ template "slack.default.username" . }}"#
    /// The attachment's colour: `#d7263d`, `good`, `warning` or `danger`; template.
    package var color = #"{{ template "slack.default.color" . }}"#
    /// The title; template.
    package var title = #"{{ template "slack.default.title" . }}"#
    /// What the title links to; template.
    package var titleLink = #"{{ template "slack.default.titlelink" . }}"#
    /// Text above the title; template.
    package var pretext = #"{{ template "slack.default.pretext" . }}"#
    /// Default: with `blocks`, a section for each alert.
    package var text = SlackOptions.defaultText
    /// The message's own text above the attachment; template. Empty: the title, with `blocks` its link.
    package var messageText = ""
    /// The text of notifications on phones; template.
    package var fallback = #"{{ template "slack.default.fallback" . }}"#
    /// Text below the attachment; template.
    package var footer = #"{{ template "slack.default.footer" . }}"#
    /// What Slack sends back with a pressed button; template.
    package var callbackID = #"{{ template "slack.default.callbackid" . }}"#
    /// The emoji shown as the sender's picture; template.
    package var iconEmoji = #"{{ template "slack.default.iconemoji" . }}"#
    /// The address of the sender's picture; template.
    package var iconURL = #"{{ template "slack.default.iconurl" . }}"#
    /// An image below the text; template.
    package var imageURL = ""
    /// A small image beside the text; template.
    package var thumbURL = ""
    /// Fields below the text: 10 at most with `blocks`, else 100.
    package var fields: [Field] = []
    /// Whether fields stand side by side. Default false.
    package var shortFields = false
    /// Buttons, 5 at most.
    package var actions: [Action] = []
    /// Whether `@name` notifies that person. Default false.
    package var linkNames = false
    /// Attachment fields that are marked up when `blocks` is false; plain.
    package var markdownIn = ["fallback", "pretext", "text"]
    /// Block Kit inside the coloured attachment; false gives Alertmanager's classic attachment. Default true.
    package var blocks = true
    /// With a bot token, resolved and repeated messages reply to the first message of their group, which is edited to
    /// show the present state. Default true.
    package var threads = true
    /// The app-level token (`xapp-…`) for receiving presses of buttons through Socket Mode; with it messages have
    /// buttons to acknowledge and to silence. Nil: no buttons of our own.
    package var socketToken: Secret?
    /// Ids of the users who may press them; empty: every user who sees them.
    package var socketUsers: [String] = []
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// The default text.
    package static let defaultText = #"{{ template "slack.default.text" . }}"#
    /// The Web API's method that posts a message.
    package static let apiURL = "https://slack.com/api/chat.postMessage"

    /// Defaults as documented for each property.
    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }
}
