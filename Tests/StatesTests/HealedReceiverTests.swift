import Lab
import Platform
import Testing
import Transport

/// A receiver that works again: the alert that it does not ends with its acceptance, and not five minutes later, when the
/// last sample of what waited would be forgotten.
@Suite(.serialized) struct HealedReceiverTests {
    private static let receivers = """
        route: {receiver: hook, group_wait: 1s, group_interval: 1m, repeat_interval: 1m}
          receivers: [{name: hook, webhook_configs: [{url: "https://hook/"}]}]
        """

    private static func hook(_ status: Int) -> (HTTPRequest) -> Result<LabReply, TransportError>? {
        { request in request.url.hasPrefix("https://hook") ? .success(.response(LabResponse(status))) : nil }
    }

    @Test func whatSaidThatItFailsEndsSoon() throws {
        let rig = try StateRig { estate in
            estate.receivers = Self.receivers
            estate.answer = Self.hook(503)
        }
        rig.pass(.seconds(600))
        #expect(rig.firing["VaultwatchNotificationsFailing"] != nil, "\(rig.firing)")
        rig.estate.answer = Self.hook(200)
        // At most a minute to the next attempt, 5 s to the next sample, 15 s to the next evaluation, 15 s to the next look.
        rig.pass(.seconds(105))
        #expect(rig.firing["VaultwatchNotificationsFailing"] == nil, "\(rig.firing)")
        #expect(rig.samples("vaultwatch_notifications_pending_age_seconds").allSatisfy { !($0.value > 120) })
        rig.stop()
    }
}
