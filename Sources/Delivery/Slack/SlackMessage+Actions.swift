import Alerts

/// The buttons below a message.
/// Sources: api.slack.com/reference/block-kit/block-elements (button),
/// api.slack.com/reference/block-kit/composition-objects (confirm),
/// api.slack.com/legacy/interactive-message-field-guide (action, confirmation).
extension SlackMessage {
    private static let labelRunes = 75
    private static let nameRunes = 255
    private static let valueRunes = 2000
    private static let confirmTitleRunes = 100
    private static let confirmTextRunes = 300
    private static let confirmButtonRunes = 30

    private func text(_ template: String, limit: Int) -> String { draft.content(template).truncated(toRunes: limit) }

    // MARK: Alertmanager's attachment

    /// As Alertmanager sends them: empty members are omitted.
    func classicActions() -> [JSON] {
        options.actions.prefix(SlackMessage.maxActions).map { action in
            var members: [(String, JSON?)] = [
                ("type", optional(action.type)), ("text", nonEmpty(text(action.text, limit: SlackMessage.labelRunes))),
                ("style", optional(action.style)),
            ]
            switch action.press {
            case .open(let url): members.append(("url", nonEmpty(draft.content(url))))
            case .send(let name, let value, let confirmation):
                members.append(("name", nonEmpty(text(name, limit: SlackMessage.nameRunes))))
                members.append(("value", nonEmpty(text(value, limit: SlackMessage.valueRunes))))
                members.append(("confirm", confirmation.map(classicConfirmation)))
            }
            return .object(members)
        }
    }

    private func classicConfirmation(_ confirmation: SlackOptions.Confirmation) -> JSON {
        .object([
            ("text", nonEmpty(text(confirmation.text, limit: SlackMessage.confirmTextRunes))),
            ("title", nonEmpty(text(confirmation.title, limit: SlackMessage.confirmTitleRunes))),
            ("ok_text", nonEmpty(text(confirmation.okText, limit: SlackMessage.confirmButtonRunes))),
            ("dismiss_text", nonEmpty(text(confirmation.dismissText, limit: SlackMessage.confirmButtonRunes))),
        ])
    }

    // MARK: Blocks

    /// Usually one row of buttons. Slack rejects a block with the same `action_id` twice, so a repeated name starts a
    /// new row.
    func actionBlocks() -> [JSON] {
        var rows: [[JSON]] = []
        var names: Set<String> = []
        for action in options.actions.prefix(SlackMessage.maxActions) {
            guard let (name, button) = button(action) else { continue }
            if rows.isEmpty || (!name.isEmpty && names.contains(name)) {
                rows.append([])
                names = []
            }
            names.insert(name)
            rows[rows.count - 1].append(button)
        }
        return rows.map { .object([("type", .string("actions")), ("elements", .array($0))]) }
    }

    /// Our own buttons below a message about firing alerts, if presses reach this agent; otherwise the buttons of
    /// incidents open pages, and a link stands below a text of the user's own, which has no buttons.
    func dutyBlocks() -> [JSON] {
        guard draft.notification.status == .firing else { return [] }
        guard options.socketToken != nil else {
            let link = draft.tellings.first?.links.first { $0.purpose == .acknowledge }
            guard hasOwnText, let link else { return [] }
            return [SlackMessage.context(SlackText.link(link.href, link.text, limit: 40))]
        }
        let group = GroupDigest.of(draft.notification.groupKey)
        func button(_ text: String, _ action: SlackInteractions.Action, _ style: String?) -> JSON {
            .object([
                ("type", .string("button")),
                ("text", .object([("type", .string("plain_text")), ("text", .string(text))])),
                ("style", style.map { .string($0) }), ("action_id", .string(action.rawValue)),
                ("value", .string(group)),
            ])
        }
        let buttons =
            (draft.notification.isAcknowledged ? [] : [button("Acknowledge", .acknowledge, "primary")])
            + [button("Silence 1 h", .silence, nil)]
        return [.object([("type", .string("actions")), ("elements", .array(buttons))])]
    }

    /// - Returns: its `action_id`, empty if it has none; nil for a link with an invalid address.
    private func button(_ action: SlackOptions.Action) -> (name: String, button: JSON)? {
        let style = draft.content(action.style)
        var members: [(String, JSON?)] = [
            ("type", .string("button")), ("text", plain(action.text, limit: SlackMessage.labelRunes, else: "Open")),
            ("style", ["primary", "danger"].contains(style) ? .string(style) : nil),
        ]
        switch action.press {
        case .open(let template):
            let url = draft.content(template)
            guard SlackText.isLink(url) else { return nil }
            members.append(("url", .string(url)))
            return ("", .object(members))
        case .send(let template, let value, let confirmation):
            let name = text(template, limit: SlackMessage.nameRunes)
            members.append(("action_id", nonEmpty(name)))
            members.append(("value", nonEmpty(text(value, limit: SlackMessage.valueRunes))))
            members.append(("confirm", confirmation.map(confirmationObject)))
            return (name, .object(members))
        }
    }

    /// Block Kit requires all four texts; missing ones are those that a classic attachment would show.
    private func confirmationObject(_ confirmation: SlackOptions.Confirmation) -> JSON {
        .object([
            ("title", plain(confirmation.title, limit: SlackMessage.confirmTitleRunes, else: "Are you sure?")),
            ("text", plain(confirmation.text, limit: SlackMessage.confirmTextRunes, else: "Are you sure?")),
            ("confirm", plain(confirmation.okText, limit: SlackMessage.confirmButtonRunes, else: "Okay")),
            ("deny", plain(confirmation.dismissText, limit: SlackMessage.confirmButtonRunes, else: "Cancel")),
        ])
    }

    private func plain(_ template: String, limit: Int, else usual: String) -> JSON {
        let text = text(template, limit: limit)
        return .object([("type", .string("plain_text")), ("text", .string(text.isEmpty ? usual : text))])
    }
}
