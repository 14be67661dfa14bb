import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization
import TLS
import Text
package import Transport

/// WebSockets with SwiftNIO, on one thread that starts with the first connection.
package final class NIOWebSocketClient: WebSocketClient {
    private let group = Mutex<MultiThreadedEventLoopGroup?>(nil)

    /// Maximum bytes of one message.
    private static let messageLimitBytes = 1 << 20
    private static let fragmentLimit = 64
    private static let connectTimeout = TimeAmount.seconds(10)

    /// A client without connections.
    package init() {}

    private enum Upgrade: Sendable {
        case done(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>)
        case refused
    }

    package func converse(
        _ url: String, timeout: Duration, _ answer: @escaping @Sendable (_ message: String) async -> [String]?
    ) async throws(WebSocketError) {
        do {
            let address = try Address(url)
            guard case .done(let channel) = try await connect(address, timeout).get() else {
                throw WebSocketError("the server does not speak WebSocket there")
            }
            try await channel.executeThenClose { inbound, outbound in
                for try await frame in inbound {
                    guard try await Self.handle(frame, outbound, answer) else { return }
                }
            }
        } catch let error as WebSocketError {
            throw error
        } catch {
            throw WebSocketError("\(error)".replacing(url, with: "…"))
        }
    }

    /// - Returns: whether the conversation continues.
    private static func handle(
        _ frame: WebSocketFrame, _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
        _ answer: @Sendable (String) async -> [String]?
    ) async throws -> Bool {
        func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
            // Clients must mask their frames.
            try await outbound.write(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data))
        }
        switch frame.opcode {
        case .text:
            guard let texts = await answer(String(buffer: frame.unmaskedData)) else {
                try await send(.connectionClose, ByteBuffer())
                return false
            }
            for text in texts { try await send(.text, ByteBuffer(string: text)) }
        case .ping: try await send(.pong, frame.unmaskedData)
        case .connectionClose:
            try await send(.connectionClose, frame.unmaskedData)
            return false
        default: break
        }
        return true
    }

    private func connect(_ address: Address, _ timeout: Duration) async throws -> EventLoopFuture<Upgrade> {
        let group = group.withLock { group in
            let made = group ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
            group = made
            return made
        }
        let tls = address.isSecure ? try TLSContext.client() : nil
        let wait = TimeAmount.nanoseconds(Int64(saturating: timeout.seconds * 1e9))
        return try await ClientBootstrap(group: group).connectTimeout(min(wait, Self.connectTimeout)).connect(
            host: address.host, port: address.port
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if let tls {
                    try pipeline.addHandler(
                        TLSHandler(clientOf: tls, host: address.host, isAddress: address.isNumeric))
                }
                try pipeline.addHandler(IdleStateHandler(readTimeout: wait))
                try pipeline.addHandler(SilenceHandler())
                var headers = HTTPHeaders()
                headers.add(name: "Host", value: address.authority)
                let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
                    maxFrameSize: Self.messageLimitBytes,
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                NIOWebSocketFrameAggregator(
                                    minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: Self.fragmentLimit,
                                    maxAccumulatedFrameSize: Self.messageLimitBytes))
                            return .done(
                                try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(
                                    wrappingChannelSynchronously: channel))
                        }
                    })
                let configuration = NIOTypedHTTPClientUpgradeConfiguration(
                    upgradeRequestHead: HTTPRequestHead(
                        version: .http1_1, method: .GET, uri: address.target, headers: headers),
                    upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.close().map { Upgrade.refused }
                    })
                var setup = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
                // The first message may arrive together with the server's answer.
                setup.leftOverBytesStrategy = .forwardBytes
                return try pipeline.configureUpgradableHTTPClientPipeline(configuration: setup)
            }
        }
    }

    /// Closes a connection that has been silent for too long.
    private final class SilenceHandler: ChannelInboundHandler {
        typealias InboundIn = NIOAny

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The parts of a URL.
    private struct Address {
        let isSecure: Bool
        let host: String
        let port: Int
        let target: String
        let authority: String

        var isNumeric: Bool { host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." } }

        init(_ url: String) throws(WebSocketError) {
            guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://"),
                ["ws", "wss"].contains(url[..<colon])
            else { throw WebSocketError("expected a URL that begins with wss://") }
            isSecure = url[..<colon] == "wss"
            let rest = url[colon...].dropFirst(3)
            let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
            authority = String(rest[..<end])
            let path = rest[end...].prefix { $0 != "#" }
            target = path.hasPrefix("/") ? String(path) : "/" + path
            var name = Substring(authority)
            var given: Int? = isSecure ? 443 : 80
            if let separator = name.lastIndex(of: ":"), !name.hasSuffix("]") {
                given = Int(name[name.index(after: separator)...])
                name = name[..<separator]
            }
            host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : String(name)
            guard let port = given, (1...65535).contains(port), !host.isEmpty, !authority.contains("@"),
                target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw WebSocketError("the URL has no host, or a wrong port") }
            self.port = port
        }
    }
}
