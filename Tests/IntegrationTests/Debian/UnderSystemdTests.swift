import Foundation
import Lab
import Testing

/// What happens to a service in its life, under a real systemd: no page is lost, and none comes twice but one that was
/// in flight.
@Suite(
    .serialized,
    .enabled(
        if: DebianContainer.refusal == nil || KernelFeature.namespaces.isRequired,
        "\(DebianContainer.refusal ?? "")"))
struct UnderSystemdTests {
    /// Deaths, hangs, a full and a read-only disk, a stepped clock, in one boot. The pages arrive at a receiver outside.
    @Test func noPageIsLostAndNoneComesTwice() async throws {
        try #require(DebianContainer.refusal == nil, "\(DebianContainer.refusal ?? "")")
        let sink = try await Sink.start()
        sink.fallSilent("/slow")
        let port = try freePort()
        let container = try await DebianContainer()
        try container.copy(try await BuiltPackage.shared().path, to: "/root/0.deb")
        try container.copy(
            URL(filePath: Binary.path).deletingLastPathComponent().appending(path: "libSteppedClock.so").path,
            to: "/usr/local/lib/libSteppedClock.so")
        try container.write("/root/vaultwatch.yml", configuration(port, sink))
        try container.write("/root/functions.sh", functions(port))

        /// How often each alert was paged, by its name; none has ended.
        func pages() -> [String: Int] {
            var counts: [String: Int] = [:]
            for body in sink.heard("/ops") + sink.heard("/slow") {
                #expect(body.contains(#""status":"firing""#) && !body.contains(#""status":"resolved""#), "\(body)")
                for name in UnderSystemdTests.alerts where body.contains(#""alertname":"\#(name)""#) {
                    counts[name, default: 0] += 1
                }
            }
            return counts
        }
        // Beside the steps: the receiver wakes up when the service restarts, and pages are counted before the service
        // starts without its past.
        let outside = Task {
            guard await container.reached("/root/restarting") else { return [String: Int]() }
            sink.speak("/slow")
            guard await container.reached("/root/counting") else { return [:] }
            let counts = pages()
            try container.write("/root/counted", "")
            return counts
        }
        let memory = MemoryGroup()
        let said = try await container.boot(steps, limit: .seconds(60), hasHostNetwork: true, memory: memory)
        memory?.remove()
        outside.cancel()
        let before = try await outside.value

        #expect(
            said["status"]
                == "0 of 2 Vault nodes answer; 0 of 2 telemetry pages answer; 0 of 1 Vault cluster well: test no active node\n"
        )
        #expect(said["limits"]?.contains("8192") == true, "\(said["limits"] ?? "")")
        #expect(said["hang"]?.contains("Watchdog timeout") == true)
        #expect(said["memory"]?.contains("killed") == true || said["memory"]?.contains("skipped") == true)
        if said["memory"]?.contains("skipped") == true { print("memory: \(said["memory"] ?? "")") }
        #expect(before == Dictionary(uniqueKeysWithValues: UnderSystemdTests.alerts.map { ($0, 1) }))
        // A start on a disk that refuses to be written begins without a past, and what fires is paged anew.
        #expect(pages().allSatisfy { $0.value <= 2 } && pages().count == UnderSystemdTests.alerts.count, "\(pages())")
        container.remove()
        await sink.stop()
    }

    private static let alerts = ["First", "Slow", "Logged", "Full"]

    private func configuration(_ port: UInt16, _ sink: Sink) -> String {
        """
        global: {poll_interval: 1s, timeout: 500ms, evaluation_interval: 1s}
        vault: {clusters: [{name: test, nodes: [{name: a, url: "http://127.0.0.1:1"}, {name: b, url: "http://127.0.0.2:1"}]}]}
        rules: [/etc/vaultwatch/rules/*.yml]
        web: {listen_addresses: ["127.0.0.1:\(port)"]}
        alerting:
          route:
            receiver: ops
            group_by: [alertname]
            group_wait: 0s
            group_interval: 1s
            repeat_interval: 1d
            routes: [{matchers: ['team="slow"'], receiver: slow}]
          receivers:
            - {name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}
            - {name: slow, webhook_configs: [{url: "\(sink.url)/slow"}]}

        """
    }

    /// Of sh(1), for the steps.
    private func functions(_ port: UInt16) -> String {
        #"""
        url=http://127.0.0.1:\#(port)
        property() { systemctl show vaultwatch -p "$1" --value; }
        # until COMMAND: waits for its success.
        until_() { until "$@"; do sleep 0.05; done; }
        # The present value of a series.
        value() {
            bash -c 'exec 3<>/dev/tcp/127.0.0.1/\#(port)
                printf "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:\#(port)\r\nConnection: close\r\n\r\n" >&3
                cat <&3' 2>/dev/null | tr -d '\r' | sed -n "s/^$1 //p"
        }
        has() { [ "$(value "$1")" = "$2" ]; }
        # How often systemd has started it again; then it is up.
        started() { [ "$(property NRestarts)" -gt "$1" ] && systemctl -q is-active vaultwatch; }
        alerts() { vaultwatch alerts --url=$url -o json | tr ',' '\n' | grep -E 'startsAt|alertname' | sort; }
        # What was known is known, since when it was.
        keep() { alerts >/root/alerts; }
        kept() { alerts >/root/alerts.new; comm -23 /root/alerts /root/alerts.new >/root/lost; ! [ -s /root/lost ]; }
        # alert NAME LABELS: begins an alert.
        alert() {
            echo "groups: [{name: $1, interval: 1s, rules: [{alert: $1, expr: vector(1), labels: {$2}}]}]" \
                >/etc/vaultwatch/rules/$1.yml
            systemctl reload vaultwatch
        }
        logged() { journalctl -u vaultwatch -o cat --no-pager | grep -q "$1"; }
        # Its page was accepted, and that is on disk.
        delivered() {
            logged "notification delivered.*$1" && has vaultwatch_notifications_pending 0 &&
                has vaultwatch_journal_backlog_rows 0 && has vaultwatch_journal_healthy 1
        }

        """#
    }

    /// Each step reads the functions first.
    private var steps: [DebianContainer.Step] {
        let scripts: [(String, String)] = [
            ("install", "apt-get install -y -qq /root/0.deb"),
            (
                "configure",
                """
                cp /root/vaultwatch.yml /etc/vaultwatch/
                head -c 8 /dev/zero >/etc/stepped
                mkdir -p /etc/systemd/system/vaultwatch.service.d
                cat >/etc/systemd/system/vaultwatch.service.d/test.conf <<END
                [Service]
                WatchdogSec=2
                RestartSec=100ms
                LimitNOFILE=1024:8192
                Environment=LD_PRELOAD=/usr/local/lib/libSteppedClock.so STEPPED_CLOCK_FILE=/etc/stepped
                END
                systemctl daemon-reload
                mkdir -p /var/lib/vaultwatch
                mount -t tmpfs -o size=2m,mode=700,uid=vaultwatch,gid=vaultwatch tmpfs /var/lib/vaultwatch
                systemctl enable --now vaultwatch
                """
            ),
            ("status", "property StatusText"),
            ("limits", "grep 'Max open files  *8192  *8192' /proc/$(property MainPID)/limits"),
            ("first", "alert First ''; until_ delivered First; keep; cat /root/alerts; test -s /root/alerts"),
            (
                "hang",
                """
                kill -STOP $(property MainPID); until_ started 0; until_ kept
                journalctl -u vaultwatch -o cat --no-pager | grep 'Watchdog timeout'
                """
            ),
            ("kill", "kill -KILL $(property MainPID); until_ started 1; until_ kept"),
            // Killed by the kernel for want of memory.
            (
                "memory",
                """
                if grep -q memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
                    systemctl set-property --runtime vaultwatch MemoryMax=1M MemorySwapMax=0 || true
                    until_ started 2
                    systemctl set-property --runtime vaultwatch MemoryMax=256M
                    until_ systemctl -q is-active vaultwatch
                elif [ -d /memory ]; then
                    mkdir /memory/service
                    # What it has already stays with its old group; it dies when it wants more than this.
                    echo 128K >/memory/service/memory.limit_in_bytes
                    echo $(property MainPID) >/memory/service/cgroup.procs
                    until started 2; do vaultwatch query --url=$url '{__name__=~".+"}' >/dev/null || true; done
                    grep 'oom_kill 1' /memory/service/memory.oom_control
                    rmdir /memory/service
                else
                    echo 'skipped: no memory group may be limited here'; exit 0
                fi
                until_ kept; echo killed
                """
            ),
            // Nothing gives up, however often it dies in a row.
            (
                "often",
                """
                n=$(property NRestarts)
                for death in 1 2 3 4 5 6; do
                    kill -KILL $(property MainPID); until_ started $n; n=$((n + 1))
                done
                until_ kept
                """
            ),
            (
                "restart",
                """
                alert Slow 'team: slow'; until_ has vaultwatch_notifications_pending 1; keep
                touch /root/restarting; systemctl restart vaultwatch
                until_ kept; until_ delivered Slow
                """
            ),
            (
                "journald",
                "systemctl restart systemd-journald; alert Logged ''; until_ logged 'alert fires.*Logged'; until_ delivered Logged; keep"
            ),
            // A day ahead and back: eight bytes, little endian.
            (
                "clock",
                """
                n=$(property NRestarts)
                printf '\\200\\121\\001\\000\\000\\000\\000\\000' | dd of=/etc/stepped conv=notrunc status=none
                until_ has vaultwatch_clock_steps_total 1
                printf '\\000\\000\\000\\000\\000\\000\\000\\000' | dd of=/etc/stepped conv=notrunc status=none
                until_ has vaultwatch_clock_steps_total 2
                until_ kept; [ "$(property NRestarts)" = $n ]
                """
            ),
            (
                "full",
                """
                dd if=/dev/zero of=/var/lib/vaultwatch/fill bs=4k status=none || true
                alert Full ''; until_ logged 'notification delivered.*Full'
                journalctl -u vaultwatch -p err -o cat --no-pager | grep 'the journal cannot be written; alerts still go out'
                rm /var/lib/vaultwatch/fill; until_ delivered Full; keep
                n=$(property NRestarts); kill -KILL $(property MainPID); until_ started $n; until_ kept
                """
            ),
            // What was read-only when the service started stays so in its own file system; mount_namespaces(7).
            (
                "read-only",
                """
                touch /root/counting; until_ [ -e /root/counted ]
                systemctl stop vaultwatch
                mount --rbind /var /var; mount -o remount,bind,ro /var
                until_ mount -o remount,ro /var/lib/vaultwatch
                systemctl start vaultwatch
                until_ has vaultwatch_journal_healthy 0
                mount -o remount,rw /var/lib/vaultwatch
                systemctl restart vaultwatch
                until_ has vaultwatch_journal_healthy 1; until_ kept
                """
            ),
        ]
        return scripts.map { .init($0.0, ". /root/functions.sh\n" + $0.1) }
    }
}
