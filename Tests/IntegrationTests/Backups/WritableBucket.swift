import Foundation
import Lab
import Platform
import Samples
import Synchronization
import Text

/// The estate's bucket by itself, which fails or hangs at a given request. It checks no signatures; moto does that.
final class WritableBucket: Sendable {
    /// What a request is for.
    enum Call: String, Hashable, CaseIterable {
        case head, list, put, create, part, complete, abort, get, delete
    }

    /// What happens in place of an answer.
    enum Fault: Hashable {
        case hang, reset
        case status(Int, String)
        /// Stores something else than what was sent.
        case corrupt
    }

    private struct State {
        var bucket = Bucket(name: WritableBucket.name)
        var calls: [Call] = []
        var fault: @Sendable (Call, Int) -> Fault? = { _, _ in nil }

        mutating func change(_ key: String, _ change: (inout Bucket.Object) -> Void) {
            guard var object = bucket.objects[key] else { return }
            change(&object)
            bucket.put(
                key, bytes: object.bytes, metadata: object.metadata, modified: object.modified, lock: object.lock)
        }
    }

    private let state = Mutex(State())
    private let server = Mutex<LabServer?>(nil)
    static let name = "backups"
    /// The access key id.
    static let accessKey = "id"

    static func start() async throws -> WritableBucket {
        let bucket = WritableBucket()
        // Room for some backups that are sent in parts.
        bucket.state.withLock { $0.bucket.limits.bytes = 1 << 30 }
        let server = try LabServer { [weak bucket] request in bucket?.answer(request) ?? .reset }
        try await server.start()
        bucket.server.withLock { $0 = server }
        return bucket
    }

    func stop() async { await server.withLock { $0 }?.close() }

    var url: String { server.withLock { $0?.url ?? "" } }
    var objects: [String: Bucket.Object] { state.withLock { $0.bucket.objects } }
    var openIDs: Set<String> { state.withLock { Set($0.bucket.uploads.keys) } }
    var calls: [Call] { state.withLock { $0.calls } }

    /// - Parameter fault: by what a request is for and how many of that kind came before since now.
    func fail(_ fault: @escaping @Sendable (Call, Int) -> Fault?) {
        state.withLock { state in
            state.fault = fault
            state.calls = []
        }
    }

    func heal() { fail { _, _ in nil } }

    func change(_ key: String, _ change: (inout Bucket.Object) -> Void) {
        state.withLock { $0.change(key, change) }
    }

    func add(_ key: String) {
        state.withLock { $0.bucket.put(key, bytes: [1, 2, 3], modified: SystemTime().wall()) }
    }

    /// An upload in parts that somebody began and left.
    func abandon(_ key: String, id: String, begun: Timestamp) {
        state.withLock { $0.bucket.begin(Bucket.Upload(key: key, begun: begun), id: id) }
    }

    // MARK: Answers

    private func answer(_ request: LabRequest) -> LabReply {
        let path = PercentCoding.decode(request.path[...], plusIsSpace: false) ?? ""
        let key = String(path.dropFirst("/\(WritableBucket.name)/".count))
        let call = call(request, key)
        return state.withLock { state in
            let before = state.calls.count { $0 == call }
            state.calls.append(call)
            let fault = state.fault(call, before)
            switch fault {
            case .hang?: return .hang
            case .reset?: return .reset
            case .status(let status, let code)?:
                return .response(
                    LabResponse(
                        status, type: "application/xml", "<Error><Code>\(code)</Code><Message>m</Message></Error>"))
            case .corrupt?, nil: break
            }
            let reply = state.bucket.answer(
                request, at: SystemTime().wall(), accessKey: WritableBucket.accessKey, random: SystemRandom())
            if fault == .corrupt { state.change(key) { $0.bytes[$0.bytes.count / 2] ^= 1 } }
            return reply
        }
    }

    private func call(_ request: LabRequest, _ key: String) -> Call {
        let hasUpload = request.parameter("uploadId") != nil
        return switch request.method {
        case "HEAD": .head
        case "GET": key.isEmpty ? .list : .get
        case "PUT": hasUpload ? .part : .put
        case "POST" where request.parameter("uploads") != nil: .create
        case "POST" where request.parameter("delete") != nil: .delete
        case "POST": .complete
        default: hasUpload ? .abort : .delete
        }
    }
}
