import Foundation
import Lab
import Platform
import Synchronization
import Text

/// A bucket in memory that can be written to, and that fails or hangs at a given request. It checks no signatures; moto
/// does that.
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

    struct Object {
        var bytes: [UInt8]
        var headers: [String: String]
        var modified = Date()
    }

    private struct Upload {
        var key: String
        var headers: [String: String]
        var parts: [Int: [UInt8]] = [:]
        var begun = Date()
    }

    private struct State {
        var objects: [String: Object] = [:]
        var uploads: [String: Upload] = [:]
        var calls: [Call] = []
        var fault: @Sendable (Call, Int) -> Fault? = { _, _ in nil }
        var next = 0
    }

    private let state = Mutex(State())
    private let server = Mutex<LabServer?>(nil)
    static let name = "backups"

    static func start() async throws -> WritableBucket {
        let bucket = WritableBucket()
        let server = try LabServer { [weak bucket] request in bucket?.answer(request) ?? .reset }
        try await server.start()
        bucket.server.withLock { $0 = server }
        return bucket
    }

    func stop() async { await server.withLock { $0 }?.close() }

    var url: String { server.withLock { $0?.url ?? "" } }
    var objects: [String: Object] { state.withLock { $0.objects } }
    var openUploads: Int { state.withLock { $0.uploads.count } }
    var calls: [Call] { state.withLock { $0.calls } }

    /// - Parameter fault: by what a request is for and how many of that kind came before since now.
    func fail(_ fault: @escaping @Sendable (Call, Int) -> Fault?) {
        state.withLock { state in
            state.fault = fault
            state.calls = []
        }
    }

    func heal() { fail { _, _ in nil } }

    func change(_ key: String, _ change: (inout Object) -> Void) {
        state.withLock { state in
            guard var object = state.objects[key] else { return }
            change(&object)
            state.objects[key] = object
        }
    }

    func add(_ key: String, _ bytes: [UInt8] = [1, 2, 3], headers: [String: String] = [:]) {
        state.withLock { $0.objects[key] = Object(bytes: bytes, headers: headers) }
    }

    /// An upload in parts that somebody began and left.
    func abandon(_ key: String, id: String, begun: Date) {
        state.withLock { $0.uploads[id] = Upload(key: key, headers: [:], begun: begun) }
    }

    var openIDs: Set<String> { state.withLock { Set($0.uploads.keys) } }

    // MARK: Answers

    private func answer(_ request: LabRequest) -> LabReply {
        let path = PercentCoding.decode(request.path[...], plusIsSpace: false) ?? ""
        let key = String(path.dropFirst("/\(WritableBucket.name)/".count))
        let call = call(request, key)
        return state.withLock { state in
            let before = state.calls.count { $0 == call }
            state.calls.append(call)
            switch state.fault(call, before) {
            case .hang?: return .hang
            case .reset?: return .reset
            case .status(let status, let code)?:
                return .response(
                    LabResponse(
                        status, type: "application/xml", "<Error><Code>\(code)</Code><Message>m</Message></Error>"))
            case .corrupt?:
                var damaged = request
                damaged.body[damaged.body.count / 2] ^= 1
                return perform(call, damaged, key, &state)
            case nil: return perform(call, request, key, &state)
            }
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

    private func perform(_ call: Call, _ request: LabRequest, _ key: String, _ state: inout State) -> LabReply {
        func xml(_ text: String) -> LabReply { .response(LabResponse(200, type: "application/xml", text)) }
        func missing(_ code: String) -> LabReply {
            .response(LabResponse(404, type: "application/xml", "<Error><Code>\(code)</Code></Error>"))
        }
        let kept = request.headers.filter { $0.key.hasPrefix("x-amz-meta-") || $0.key.hasPrefix("x-amz-object-lock-") }
        switch call {
        case .head, .get:
            guard let object = state.objects[key] else { return missing("NoSuchKey") }
            var headers = object.headers
            if call == .head { headers["Content-Length"] = String(object.bytes.count) }
            return .response(LabResponse(200, headers: headers, body: call == .head ? [] : object.bytes))
        case .list where request.parameter("uploads") != nil:
            let open = state.uploads.filter { $0.value.key.hasPrefix(request.parameter("prefix") ?? "") }.map {
                id, upload in
                "<Upload><Key>\(upload.key)</Key><UploadId>\(id)</UploadId><Initiated>\(upload.begun.ISO8601Format())</Initiated></Upload>"
            }
            return xml("<ListMultipartUploadsResult>\(open.joined())</ListMultipartUploadsResult>")
        case .list:
            let prefix = request.parameter("prefix") ?? ""
            let after = request.parameter("start-after") ?? ""
            let found = state.objects.filter { $0.key.hasPrefix(prefix) && $0.key > after }.sorted { $0.key < $1.key }
            let entries = found.map { key, object in
                "<Contents><Key>\(key)</Key><LastModified>\(object.modified.ISO8601Format())</LastModified><ETag>e</ETag><Size>\(object.bytes.count)</Size></Contents>"
            }
            return xml("<ListBucketResult><IsTruncated>false</IsTruncated>\(entries.joined())</ListBucketResult>")
        case .put:
            if request.headers["if-none-match"] == "*", state.objects[key] != nil {
                return .response(LabResponse(412))
            }
            state.objects[key] = Object(bytes: request.body, headers: kept)
            return .response(LabResponse(200, headers: ["ETag": "\"e\""]))
        case .create:
            state.next += 1
            state.uploads["u\(state.next)"] = Upload(key: key, headers: kept)
            return xml(
                "<InitiateMultipartUploadResult><UploadId>u\(state.next)</UploadId></InitiateMultipartUploadResult>")
        case .part:
            guard let id = request.parameter("uploadId"),
                let number = request.parameter("partNumber").flatMap({ Int($0) }),
                state.uploads[id] != nil
            else { return missing("NoSuchUpload") }
            state.uploads[id]?.parts[number] = request.body
            return .response(LabResponse(200, headers: ["ETag": "\"\(number)\""]))
        case .complete:
            guard let id = request.parameter("uploadId"), let upload = state.uploads.removeValue(forKey: id) else {
                return missing("NoSuchUpload")
            }
            let bytes = upload.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            state.objects[upload.key] = Object(bytes: bytes, headers: upload.headers)
            return xml("<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
        case .abort:
            guard let id = request.parameter("uploadId"), state.uploads.removeValue(forKey: id) != nil else {
                return missing("NoSuchUpload")
            }
            return .response(LabResponse(204))
        case .delete:
            let text = String(decoding: request.body, as: UTF8.self)
            let keys = text.components(separatedBy: "<Key>").dropFirst().map { String($0.prefix { $0 != "<" }) }
            for key in keys { state.objects[key] = nil }
            return xml("<DeleteResult>\(keys.map { "<Deleted><Key>\($0)</Key></Deleted>" }.joined())</DeleteResult>")
        }
    }
}
