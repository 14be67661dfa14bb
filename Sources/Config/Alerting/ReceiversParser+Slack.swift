import Delivery
import Platform
import Samples
import YAML

extension ReceiversParser {
    func slack(_ node: Node, _ global: Global) -> SlackOptions? {
        var fields = Fields(node, errors, "a slack_config")
        let endpoint = endpoint(&fields, global)
        var options = SlackOptions(endpoint ?? .webhook(Secret(value: "")))
        options.sendResolved = fields.bool("send_resolved") ?? false
        options.http = httpClient(fields.node("http_config"), default: global.http)
        switch endpoint {
        case .webhook(let url): refusePlaintext(url, "the URL, which is a secret,", options.http, "api_url", fields)
        case .api(let url, _):
            refusePlaintext(url, "the app_token", options.http, "app_url", at: fields.position(of: "app_url"))
        case nil: break
        }
        take(&fields, "channel", &options.channel)
        take(&fields, "username", &options.username)
        take(&fields, "color", &options.color)
        take(&fields, "title", &options.title)
        take(&fields, "title_link", &options.titleLink)
        take(&fields, "pretext", &options.pretext)
        take(&fields, "message_text", &options.messageText)
        take(&fields, "text", &options.text)
        take(&fields, "fallback", &options.fallback)
        take(&fields, "footer", &options.footer)
        take(&fields, "callback_id", &options.callbackID)
        take(&fields, "icon_emoji", &options.iconEmoji)
        take(&fields, "icon_url", &options.iconURL)
        take(&fields, "image_url", &options.imageURL)
        take(&fields, "thumb_url", &options.thumbURL)
        options.shortFields = fields.bool("short_fields") ?? false
        options.linkNames = fields.bool("link_names") ?? false
        if fields.node("mrkdwn_in") != nil { options.markdownIn = fields.strings("mrkdwn_in") }
        options.blocks = fields.bool("blocks") ?? true
        options.threads = threads(&fields)
        options.socketToken = context.secret(&fields, "socket_token")
        options.socketUsers = fields.strings("socket_users")
        if options.socketToken != nil, !options.blocks {
            errors.add(fields.position(of: "socket_token"), "socket_token needs \"blocks\", which contain the buttons")
        }
        fields.refuse(RefusedKey.slack)
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        options.fields = fields.list("fields").map { node in
            var field = Fields(node, errors, "a field")
            defer { field.finish() }
            return .init(
                title: filled(&field, "title") ?? "", value: filled(&field, "value") ?? "", short: field.bool("short"))
        }
        options.actions = fields.list("actions").compactMap(action)
        fields.finish()
        if case .api = options.endpoint, options.channel.isEmpty {
            errors.add(node.position, "a slack_config with a bot token needs \"channel\"")
        }
        return endpoint == nil ? nil : options
    }

    /// Parses `threads`, and Alertmanager's keys for the same choice. Messages are not changed in place.
    private func threads(_ fields: inout Fields) -> Bool {
        let instead =
            "messages are not updated in place; remove it; with a bot token resolved and repeated messages are threaded under the first one"
        if fields.bool("update_message") == true {
            errors.add(
                fields.position(of: "update_message"),
                "\"update_message: true\" (Alertmanager 0.32) is not supported: \(instead)")
        }
        let own = fields.bool("threads")
        switch fields.string("message_strategy") {
        case nil: return own ?? true
        case "new"?: return own ?? false
        case "thread"?: return own ?? true
        case "update"?:
            errors.add(
                fields.position(of: "message_strategy"),
                "\"message_strategy: update\" (Alertmanager after 0.34) is not supported: \(instead)")
        case let other?:
            errors.add(
                fields.position(of: "message_strategy"),
                "message_strategy: expected new or thread, found \"\(other)\"")
        }
        return own ?? true
    }

    private func endpoint(_ fields: inout Fields, _ global: Global) -> SlackOptions.Endpoint? {
        let url = secretURL(&fields, "api_url")
        let token = context.secret(&fields, "app_token")
        let tokenURL = context.url(&fields, "app_url") ?? global.slackTokenURL
        if url != nil, token != nil {
            errors.add(fields.position, "\"api_url\" is for incoming webhooks, \"app_token\" for bots; keep one")
        }
        if let token { return .api(url: tokenURL, token: token) }
        if let url { return .webhook(url) }
        if let token = global.slackToken { return .api(url: tokenURL, token: token) }
        if let url = global.slackURL { return .webhook(url) }
        if fields.node("api_url") == nil {
            errors.add(
                fields.position,
                "a slack_config needs \"api_url\" or \"app_token\", or slack_api_url or slack_app_token in global")
        }
        return nil
    }

    /// Parses an action. With a `url` the button opens a link, and `name`, `value` and `confirm` are ignored, as in
    /// Alertmanager; otherwise Slack sends the `name` to the app.
    private func action(_ node: Node) -> SlackOptions.Action? {
        var action = Fields(node, errors, "an action")
        let type = filled(&action, "type")
        let text = filled(&action, "text")
        let url = action.string("url") ?? ""
        let name = action.string("name") ?? ""
        let value = action.string("value") ?? ""
        let style = action.string("style") ?? ""
        let confirmation = action.node("confirm").flatMap(confirmation)
        action.finish()
        if url.isEmpty, name.isEmpty { errors.add(node.position, "an action needs \"name\" or \"url\"") }
        guard let type, let text else { return nil }
        return .init(
            type: type, text: text, style: style,
            press: url.isEmpty ? .send(name: name, value: value, confirmation: confirmation) : .open(url: url))
    }

    private func confirmation(_ node: Node) -> SlackOptions.Confirmation? {
        var fields = Fields(node, errors, "a confirmation")
        defer { fields.finish() }
        let title = fields.string("title") ?? ""
        let ok = fields.string("ok_text") ?? ""
        let dismiss = fields.string("dismiss_text") ?? ""
        guard let text = filled(&fields, "text") else { return nil }
        return .init(text: text, title: title, okText: ok, dismissText: dismiss)
    }
}
