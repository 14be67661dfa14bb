import NIOCore
import NIOPosix
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// A name server on 127.0.0.1, over UDP and TCP, that answers from a table. Source: RFC 1035.
package final class LabNameServer: Sendable {
    /// The records of a name and a type.
    package struct Key: Hashable, Sendable {
        let name: String
        let type: String

        /// - Parameters:
        ///   - name: in lower case, without a final dot.
        ///   - type: A, AAAA, CNAME, MX, NS, PTR or TXT.
        package init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    private struct State {
        var records: [Key: [String]]
        var truncates = false
        var code: UInt8 = 0
        var isSilent = false
        var channels: [any Channel] = []
    }

    /// Its port, for both protocols.
    package let port: UInt16
    private let state: Mutex<State>
    private static let types: [String: UInt16] = [
        "A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
    ]

    /// - Parameter records: values as a zone file has them, without quotes; names without a final dot.
    /// - Throws: `ChildProcessError` if no port is free.
    package init(_ records: [Key: [String]]) throws {
        port = try freePort()
        state = Mutex(State(records: records))
    }

    /// Replaces the records of a name and type; nil removes them.
    package func set(_ key: Key, _ values: [String]?) { state.withLock { $0.records[key] = values } }

    /// Answers so that only TCP has the records.
    package func truncate(_ isOn: Bool) { state.withLock { $0.truncates = isOn } }

    /// Answers every question with this response code; 0 ends that.
    package func fail(code: UInt8) { state.withLock { $0.code = code } }

    /// Stops answering, without closing its ports.
    package func silence(_ isOn: Bool) { state.withLock { $0.isSilent = isOn } }

    /// Starts to listen.
    /// - Throws: the system's error if the port is taken.
    package func start() async throws {
        let datagrams = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NameDatagrams(answer: self.answer))
                }
            }
            .bind(host: "127.0.0.1", port: Int(port)).get()
        state.withLock { $0.channels.append(datagrams) }
        let streams = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NameStream(answer: self.answer))
                }
            }
            .bind(host: "127.0.0.1", port: Int(port)).get()
        state.withLock { $0.channels.append(streams) }
    }

    /// Closes its ports.
    package func close() async {
        let channels = state.withLock { state in
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels { try? await channel.close() }
    }

    // MARK: Answers

    /// - Returns: nil for what is no query, and while it is silent.
    private func answer(_ query: [UInt8], isStream: Bool) -> [UInt8]? {
        let state = state.withLock { $0 }
        guard !state.isSilent, query.count > 12, query[2] & 0x80 == 0 else { return nil }
        var position = 12
        var labels: [String] = []
        while position < query.count, query[position] != 0 {
            let end = position + 1 + Int(query[position])
            guard query[position] < 64, end < query.count else { return nil }
            labels.append(String(decoding: query[(position + 1)..<end], as: UTF8.self).lowercased())
            position = end
        }
        guard position + 5 <= query.count else { return nil }
        let type = UInt16(query[position + 1]) << 8 | UInt16(query[position + 2])
        let question = query[12..<(position + 5)]
        let name = labels.joined(separator: ".")
        let found = LabNameServer.types.first { $0.value == type }.flatMap { state.records[Key(name, $0.key)] }
        let isCut = state.truncates && !isStream
        let exists = state.records.keys.contains { $0.name == name }
        let code = state.code != 0 ? state.code : exists ? 0 : 3
        let values = isCut || code != 0 ? [] : found ?? []
        // A response with authority, recursion desired and available.
        var bytes = Array(query[0..<2]) + [isCut ? 0x87 : 0x85, 0x80 | code, 0, 1, 0, UInt8(values.count & 0xff)]
        bytes += [0, 0, 0, 0] + question
        for value in values {
            guard let data = LabNameServer.data(value, type) else { return nil }
            // The question's name, the type, the Internet, five minutes.
            bytes += [0xc0, 12, UInt8(type >> 8), UInt8(type & 0xff), 0, 1, 0, 0, 1, 44]
            bytes += [UInt8(data.count >> 8 & 0xff), UInt8(data.count & 0xff)] + data
        }
        return bytes
    }

    private static func data(_ value: String, _ type: UInt16) -> [UInt8]? {
        switch type {
        case 1:
            var address = in_addr()
            guard inet_pton(AF_INET, value, &address) == 1 else { return nil }
            return withUnsafeBytes(of: &address) { Array($0) }
        case 28:
            var address = in6_addr()
            guard inet_pton(AF_INET6, value, &address) == 1 else { return nil }
            return withUnsafeBytes(of: &address) { Array($0) }
        case 15:
            let words = value.split(separator: " ")
            guard words.count == 2, let preference = UInt16(words[0]) else { return nil }
            return [UInt8(preference >> 8), UInt8(preference & 0xff)] + name(String(words[1]))
        case 16:
            let text = Array(value.utf8)
            return stride(from: 0, to: max(text.count, 1), by: 255).flatMap { start -> [UInt8] in
                let part = text[start..<min(start + 255, text.count)]
                return [UInt8(part.count)] + part
            }
        default: return name(value)
        }
    }

    private static func name(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count & 63)] + Array($0.utf8) } + [0]
    }
}

private final class NameDatagrams: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let answer: @Sendable ([UInt8], Bool) -> [UInt8]?

    init(answer: @escaping @Sendable ([UInt8], Bool) -> [UInt8]?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let query = unwrapInboundIn(data)
        guard let bytes = answer(Array(query.data.readableBytesView), false) else { return }
        let reply = AddressedEnvelope(remoteAddress: query.remoteAddress, data: ByteBuffer(bytes: bytes))
        context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
    }
}

/// Each message is preceded by its length.
private final class NameStream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: @Sendable ([UInt8], Bool) -> [UInt8]?
    private var bytes: [UInt8] = []

    init(answer: @escaping @Sendable ([UInt8], Bool) -> [UInt8]?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        guard bytes.count >= 2 else { return }
        let length = Int(bytes[0]) << 8 | Int(bytes[1])
        guard bytes.count >= 2 + length else { return }
        let query = Array(bytes[2..<(2 + length)])
        bytes.removeFirst(2 + length)
        guard let reply = answer(query, true) else { return }
        let whole = [UInt8(reply.count >> 8 & 0xff), UInt8(reply.count & 0xff)] + reply
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: whole)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
