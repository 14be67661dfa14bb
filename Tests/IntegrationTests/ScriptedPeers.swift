import Foundation
import Simulation
import Synchronization

/// A Vault node that is sealed or not.
final class SealableNode: Sendable {
    let server: RawServer
    private let isSealed: Flag

    final class Flag: Sendable {
        let value = Mutex(false)
    }

    init() throws {
        let isSealed = Flag()
        self.isSealed = isSealed
        server = try RawServer.http(everyAddress: true) { request in
            let isSealed = isSealed.value.withLock { $0 }
            let path = request.split(separator: " ").dropFirst().first ?? ""
            let body =
                if path.hasPrefix("/v1/sys/health") {
                    #"{"initialized":true,"sealed":\#(isSealed),"standby":\#(isSealed),"server_time_utc":\#(Int(Date().timeIntervalSince1970)),"version":"1.15.6","cluster_name":"c","cluster_id":"1"}"#
                } else if path.hasPrefix("/v1/sys/seal-status") {
                    #"{"type":"shamir","initialized":true,"sealed":\#(isSealed),"t":3,"n":5,"progress":0,"version":"1.15.6"}"#
                } else {
                    #"{"ha_enabled":true,"is_self":\#(!isSealed),"leader_address":"http://n1","leader_cluster_address":"https://n1:8201"}"#
                }
            return RawServer.ok(body)
        }
    }

    func setSealed(_ sealed: Bool) { isSealed.value.withLock { $0 = sealed } }
}

/// A webhook's receiver that keeps what it was told.
final class PageReceiver: Sendable {
    private struct State {
        var told: [String] = []
        var times: [ContinuousClock.Instant] = []
        var requests = 0
        var onRequest: @Sendable (Int) -> Void = { _ in }
    }

    private final class Box: Sendable { let state = Mutex(State()) }

    let server: RawServer
    private let box: Box

    init() throws {
        let box = Box()
        self.box = box
        server = try RawServer(everyAddress: true) { connection in
            while let body = PageReceiver.request(connection, box) {
                let status = body.contains(#""status":"firing""#) ? "firing" : "resolved"
                box.state.withLock { state in
                    state.told.append(status)
                    state.times.append(.now)
                }
                if !connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") { return }
            }
        }
    }

    /// - Returns: the body of the next request that arrives in full; nil at the connection's end.
    private static func request(_ connection: RawServer.Connection, _ box: Box) -> String? {
        var bytes = connection.read()
        if bytes.isEmpty { return nil }
        let hook = box.state.withLock { state in
            defer { state.requests += 1 }
            return (state.onRequest, state.requests)
        }
        hook.0(hook.1)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let length =
                    text[..<end.lowerBound].split(separator: "\r\n").first {
                        $0.lowercased().hasPrefix("content-length:")
                    }.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if text[end.upperBound...].utf8.count >= length { return String(text[end.upperBound...]) }
            }
            let more = connection.read()
            if more.isEmpty { return nil }
            bytes += more
        }
    }

    func onRequest(_ body: @escaping @Sendable (Int) -> Void) { box.state.withLock { $0.onRequest = body } }

    /// How many times the fault was told as new: repeats of one spell are one.
    func count(of status: String) -> Int {
        box.state.withLock { state in
            zip([""] + state.told, state.told).count { $1 == status && $0 != status }
        }
    }

    /// When the last page came.
    var last: (status: String, at: ContinuousClock.Instant)? {
        box.state.withLock { state in state.told.last.flatMap { last in state.times.last.map { (last, $0) } } }
    }

    var isResolved: Bool { box.state.withLock { $0.told.last == "resolved" } }
    var story: String { box.state.withLock { $0.told.joined(separator: " ") } }
}
