import Delivery
import Dispatching
import Platform
import Samples
import YAML

/// Parses `alerting`: Alertmanager's configuration, inline or as `file: alertmanager.yml`.
struct AlertingParser {
    let context: ParsingContext

    struct Result {
        var dispatch: DispatchOptions
        var delivery: DeliveryOptions
    }

    /// - Parameter position: the position of the error if the section is missing.
    /// - Returns: nil after errors, which are added to the context.
    func parse(_ node: Node?, at position: SourcePosition, externalURL: String) -> Result? {
        guard let node else {
            context.errors.add(
                position,
                "\"alerting\" is missing; expected Alertmanager's configuration, or \"file: alertmanager.yml\"")
            return nil
        }
        if let file = node["file"], node.mapping?.count == 1 {
            guard let text = file.scalar else {
                context.errors.add(file.position, "file: expected a path, found \(file.kind)")
                return nil
            }
            let path = context.path(text, at: file.position)
            // As in Alertmanager, paths in that file are relative to its directory.
            let inner = ParsingContext(
                errors: context.errors, files: context.files, environment: context.environment,
                folder: parentFolder(of: path))
            guard let root = Configuration.document(path, inner) else { return nil }
            return AlertingParser(context: inner).alertmanager(root, externalURL: externalURL)
        }
        return alertmanager(node, externalURL: externalURL)
    }

    private func alertmanager(_ node: Node, externalURL: String) -> Result? {
        var fields = Fields(node, context.errors, "the alerting configuration")
        let parser = ReceiversParser(context: context)
        let global = parser.global(fields.node("global"))
        let receivers = parser.receivers(fields.list("receivers"), global: global)
        let routed = RoutingParser(errors: context.errors, files: context.files).parse(
            &fields,
            receivers: receivers.map { receiver in
                .init(
                    name: receiver.name, integrations: receiver.integrations.map(AlertingParser.integration),
                    fallback: receiver.fallback,
                    responseTime: receiver.responseTime, escalateAfter: receiver.escalateAfter,
                    labels: receiver.labels)
            }, resolveTimeout: global.resolveTimeout)
        fields.refuse(RefusedKey.top)
        fields.finish()
        guard let routed else { return nil }
        var delivery = DeliveryOptions()
        delivery.receivers = receivers
        delivery.templates = routed.templates.map { context.path($0, at: node.position) }
        delivery.externalURL = externalURL
        return Result(dispatch: routed.options, delivery: delivery)
    }

    private static func integration(_ options: IntegrationOptions) -> DispatchOptions.Integration {
        var integration = DispatchOptions.Integration(
            options.id, sendResolved: options.sendResolved, target: options.target)
        switch options.settings {
        case .alertmanager(let alertmanager):
            integration.resend = .init(delay: alertmanager.resendDelay, resolvedFor: alertmanager.resolvedFor)
        case .pagerDuty: integration.tellsAcknowledgements = true
        case .slack(let slack):
            // In the incident's thread; without threads it would be one more message in the channel.
            if case .api = slack.endpoint { integration.tellsAcknowledgements = slack.threads }
        case .email, .webhook, .heartbeat: break
        }
        return integration
    }
}
