import Foundation
import Lab
import Platform
import Testing

/// A silence that recurs at an hour of the wall, on the days on which that hour is another one in UTC.
struct RecurringSilenceTests {
    /// The file that the process's wall clock is read from; see `SteppedClock`.
    private struct Clock {
        let path: String

        init(_ folder: TemporaryDirectory) throws {
            path = try folder.write("offset", String(repeating: "\0", count: 8))
        }

        /// Makes it so many seconds after the epoch, from where it goes on.
        func set(_ utc: String) throws {
            let time = try Date.ISO8601FormatStyle().parse(utc)
            let offset = Int64(time.timeIntervalSince(Date()))
            let handle = try FileHandle(forUpdating: URL(filePath: path))
            try handle.write(contentsOf: withUnsafeBytes(of: offset) { Data($0) })
            try handle.close()
        }

        var wrapper: [String] {
            let library = URL(filePath: Binary.path).deletingLastPathComponent().appending(path: "libSteppedClock.so")
            return ["env", "LD_PRELOAD=\(library.path)", "STEPPED_CLOCK_FILE=\(path)"]
        }
    }

    /// Berlin is an hour ahead of UTC in winter and two in summer: from 2027-03-28T01:00Z to 2027-10-31T01:00Z.
    @Test func followsTheClockOnTheWall() async throws {
        let folder = try TemporaryDirectory()
        let clock = try Clock(folder)
        try clock.set("2027-01-02T05:00:00Z")
        let agent = try await RunningAgent.start(
            alerting: "route: {receiver: ops, group_wait: 0s, group_interval: 1s}\nreceivers: [{name: ops}]"
        ) { _ in clock.wrapper }
        try await agent.post(#""alertname":"Morning""#, endsAt: "2099-01-01T00:00:00Z")
        try await agent.post(#""alertname":"Night""#, endsAt: "2099-01-01T00:00:00Z")
        for (name, times) in [("Morning", "08:00-09:00"), ("Night", "02:15-02:45")] {
            let made = try await agent.command(
                "silence", "add", "-c", "recurs", "--start", "2027-01-01T00:00:00Z", "--end", "2028-01-01T00:00:00Z",
                "--times", times, "--location", "Europe/Berlin", name)
            #expect(made.exit == .exited(0), "\(made.error)")
        }
        func isSilenced(_ name: String) async throws -> Bool {
            try await agent.command("alerts", "--silenced", name).output.contains("silenced by")
        }
        for (name, time, expected) in [
            // Each differs from the one before, so that it is not taken for what was.
            ("Morning", "2027-03-27T07:30:00Z", true), ("Morning", "2027-03-27T06:30:00Z", false),
            // The first day of summer time.
            ("Morning", "2027-03-28T06:30:00Z", true), ("Morning", "2027-03-28T07:30:00Z", false),
            // In that night the half hour is not there.
            ("Night", "2027-03-27T01:30:00Z", true), ("Night", "2027-03-28T00:30:00Z", false),
            ("Night", "2027-03-29T00:30:00Z", true), ("Night", "2027-03-28T01:30:00Z", false),
            // In this one it comes twice.
            ("Night", "2027-10-31T00:30:00Z", true), ("Night", "2027-10-31T02:30:00Z", false),
            ("Night", "2027-10-31T01:30:00Z", true),
            // The first day of winter time.
            ("Morning", "2027-10-31T07:30:00Z", true), ("Morning", "2027-10-31T06:30:00Z", false),
        ] {
            try clock.set(time)
            let isRight = await waitUntil { (try? await isSilenced(name)) == expected }
            let alerts = try await agent.command("alerts", "--silenced", "--active").output
            #expect(isRight, "\(name) at \(time) is to be \(expected ? "silenced" : "heard"): \(alerts)")
        }
        // With the clock, the rows of the journal: a kill changes nothing.
        try clock.set("2027-03-28T06:30:00Z")
        await agent.kill()
        try await agent.start(clock.wrapper)
        #expect(await waitUntil { (try? await isSilenced("Morning")) == true }, "\(agent.log)")
        await agent.stop()
        folder.remove()
    }
}
