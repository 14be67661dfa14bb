import Glibc
package import Platform
import Samples
import Synchronization
import Text
package import Transport

/// One bucket, read only; `S3Writer` writes. Source: Amazon S3 API Reference: ListObjectsV2, HeadObject, GetObject, "Error Responses".
package final class S3Client: Sendable {
    let options: S3Options
    private let http: any HTTPClient
    private let files: any FileAccess
    let time: any TimeSource
    private let environment: @Sendable (String) -> String?
    /// For credentials that expire.
    private let session: S3Session?
    /// The bucket's actual region and host.
    private let location: Mutex<Location>

    private struct Location {
        var region: String
        /// The host to use instead of the one derived from the options, such as `bucket.s3-eu-west-1.amazonaws.com`.
        var host: String?
        /// Whether the server only supports the first version of ListObjects.
        var listsAsV1 = false
    }

    /// A page of a thousand keys, each of 1,024 bytes that are all escaped, needs less than half of it.
    static let pageLimitBytes = 8 << 20

    /// - Parameters:
    ///   - time: to distinguish clock skew from missing permissions.
    ///   - environment: for `S3Credentials.environment`.
    package init(
        _ options: S3Options, http: any HTTPClient, files: any FileAccess, time: any TimeSource = SystemTime(),
        environment: @escaping @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) {
        self.options = options
        self.http = http
        self.files = files
        self.time = time
        self.environment = environment
        session =
            options.credentials.isSession
            ? S3Session(
                KeySource(
                    credentials: options.credentials, region: options.region, tls: options.tls, http: http,
                    files: files, environment: environment), time: time) : nil
        location = Mutex(Location(region: options.region))
    }

    /// Every key under a prefix, in S3's order.
    /// - Throws: `.limit` for more than `keyLimit` keys.
    package func list(prefix: String) async throws(S3Error) -> [S3Object] {
        var objects: [S3Object] = []
        try await pages(prefix: prefix) { page in
            objects += page
            return objects.count <= options.keyLimit
        }
        guard objects.count <= options.keyLimit else {
            throw S3Error(.limit, "s3://\(options.bucket): more than \(options.keyLimit) keys")
        }
        return objects
    }

    /// Passes on the keys under a prefix, in S3's order, page by page, so that memory is bounded by what the caller
    /// keeps. Uses ListObjectsV2, or ListObjects if the server only supports that.
    /// - Parameter take: false ends the listing.
    /// - Throws: `.untrusted` for a listing that cannot be complete and correct.
    package func pages(prefix: String, take: ([S3Object]) -> Bool) async throws(S3Error) {
        var check = ListingCheck(prefix: prefix, isOrdered: !options.bucket.hasSuffix("--x-s3"))
        var start = PageStart.start
        while true {
            let page = try await page(prefix, &start, limit: 1000)
            if let doubt = check.take(page.objects) { throw untrusted(doubt) }
            guard take(page.objects) else { return }
            let next =
                page.nextToken.map { PageStart.token($0) }
                ?? (page.nextMarker ?? check.last).map { PageStart.marker($0) }
            guard page.isTruncated else { break }
            guard let next, !page.objects.isEmpty || page.nextToken != nil else {
                throw S3Error(.malformed, "s3://\(options.bucket): a page is truncated but leads nowhere")
            }
            // An endless listing would repeat its token, or have pages without keys.
            if next == start { throw untrusted("a page leads back to itself") }
            start = next
            if case .marker = next { location.withLock { $0.listsAsV1 = true } }
        }
        // Some servers end a listing at their own limit and call it complete: one more request reveals that.
        guard let last = check.last, check.mayBeCut else { return }
        var after = location.withLock { $0.listsAsV1 } ? PageStart.marker(last) : PageStart.after(last)
        guard try await page(prefix, &after, limit: 1).objects.isEmpty else {
            throw untrusted("it is said to be whole after \(check.count) keys, but others follow")
        }
    }

    private func untrusted(_ doubt: String) -> S3Error {
        S3Error(.untrusted, "s3://\(options.bucket): the listing cannot be trusted: \(doubt)")
    }

    /// Where a page starts.
    private enum PageStart: Equatable {
        case start
        case token(String)
        /// After this key, for ListObjectsV2 and ListObjects respectively.
        case after(String), marker(String)
    }

    /// Sources: Amazon S3 API Reference, ListObjectsV2 and ListObjects.
    private func page(_ prefix: String, _ start: inout PageStart, limit: Int) async throws(S3Error) -> S3Page {
        func parameters(_ isV1: Bool) -> [(String, String)] {
            let common = [("max-keys", "\(limit)"), ("prefix", prefix), ("encoding-type", "url")]
            return switch start {
            case .marker(let key): common + [("marker", key)]
            case .token(let token): common + [("list-type", "2"), ("continuation-token", token)]
            case .after(let key): common + [("list-type", "2"), ("start-after", key)]
            case .start: isV1 ? common : common + [("list-type", "2")]
            }
        }
        let isV1 = location.withLock { $0.listsAsV1 }
        let response: HTTPResponse
        do throws(S3Error) {
            response = try await send("GET", key: nil, query: S3Encoding.query(parameters(isV1)), receive: nil)
        } catch {
            guard !isV1, start == .start, error.isUnknownQuestion else { throw error }
            response = try await send("GET", key: nil, query: S3Encoding.query(parameters(true)), receive: nil)
            location.withLock { $0.listsAsV1 = true }
        }
        guard let page = S3Page(response.body) else {
            throw S3Error(.malformed, "s3://\(options.bucket): the listing is not S3's XML", status: response.status)
        }
        return page
    }

    /// An object's metadata.
    /// - Throws: `S3Error`; a HEAD has no error document, so the status determines the reason.
    package func head(_ key: String) async throws(S3Error) -> S3Metadata {
        S3Metadata(try await send("HEAD", key: key, query: "", receive: nil))
    }

    /// Passes on an object piece by piece in constant memory.
    /// - Parameter limitBytes: a longer object fails with `.limit`.
    package func get(_ key: String, limitBytes: Int, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(S3Error) -> S3Metadata
    {
        S3Metadata(try await send("GET", key: key, query: "", receive: (limitBytes, receive)))
    }

    /// A request about the bucket itself.
    func ask(_ parameters: [(String, String)]) async throws(S3Error) -> XMLElement {
        let response = try await send("GET", key: nil, query: S3Encoding.query(parameters), receive: nil)
        guard let page = XMLElement.parse(response.body) else {
            throw S3Error(.malformed, "s3://\(options.bucket): the answer is not S3's XML", status: response.status)
        }
        return page
    }

    // MARK: - One request

    typealias Receiver = (limitBytes: Int, give: @Sendable ([UInt8]) throws -> Void)

    /// What a request brings along.
    struct Load: Sendable {
        /// In addition to those that every request has.
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var file: FileSlice?
        /// Nil for the time of any other request.
        var timeout: Duration?
    }

    /// Sends a request, and repeats it if that may help: if S3 redirects to another region, signed for that region and
    /// host; if the session had expired, with new keys; if S3 throttles, after a while.
    func send(
        _ method: String, key: String?, query: String, receive: Receiver?, load: Load = Load()
    ) async throws(S3Error) -> HTTPResponse {
        var hasMoved = false
        var hasNewKeys = false
        var retries = 0
        let begin = time.monotonic()
        while true {
            let keys = try await session?.keys()
            do throws(S3Error) {
                return try await attempt(method, key: key, query: query, receive: receive, load, keys)
            } catch {
                if error.reason == .wrongRegion, !hasMoved, move(error) {
                    hasMoved = true
                } else if let keys, error.mayBeAnEndedSession, !hasNewKeys, await session?.refused(keys) == true {
                    hasNewKeys = true
                } else if let pause = pause(error, retries, isStream: receive != nil),
                    time.monotonic() - begin + pause <= options.patience
                {
                    retries += 1
                    do { try await time.sleep(for: pause) } catch { throw cancelled }
                } else {
                    throw error
                }
            }
        }
    }

    var cancelled: S3Error {
        var error = S3Error(.transport, "s3://\(options.bucket): cancelled")
        error.transport = .cancelled
        return error
    }

    /// How long to wait before another attempt; nil for none. A stream may have started, and is not repeated.
    private func pause(_ error: S3Error, _ retries: Int, isStream: Bool) -> Duration? {
        guard error.reason == .throttled || error.reason == .server, error.status != 501, retries < options.retries,
            !isStream
        else {
            return nil
        }
        return max(.seconds(1 << retries), min(error.retryAfter ?? .zero, S3Client.longestPause))
    }

    /// With a longer `Retry-After` the next poll retries.
    private static let longestPause = Duration.seconds(5)

    private func attempt(
        _ method: String, key: String?, query: String, receive: Receiver?, _ load: Load, _ keys: SessionKeys?
    ) async throws(S3Error) -> HTTPResponse {
        let request = try await self.request(method, key: key, query: query, receive, load, keys)
        let response: HTTPResponse
        do throws(TransportError) {
            response = if let receive { try await stream(request, receive) } else { try await http.send(request) }
        } catch {
            var failure = S3Error(
                error.reason == .body && receive != nil && error.message.contains("longer than") ? .limit : .transport,
                error.message)
            failure.transport = error.reason
            throw failure
        }
        // The storage class from the HEAD before a GET: the GET would be refused with InvalidObjectState.
        if receive != nil, response.status == 200, let archive = S3Metadata(response).archivedIn {
            throw S3Error(
                .archived,
                "s3://\(options.bucket)/\(key ?? ""): in \(archive.prefix(40)), cannot be read before a restore that takes hours",
                status: 200)
        }
        // 204: what was to go is gone.
        guard response.status == 200 || (method == "DELETE" && response.status == 204) else {
            throw S3Failure.error(response, bucket: options.bucket, key: key, now: time.wall())
        }
        return response
    }

    /// The body of an error must not be taken for the object's.
    private func stream(_ request: HTTPRequest, _ receive: Receiver) async throws(TransportError) -> HTTPResponse {
        // The status is known only at the end of `stream`, so a HEAD is sent first, and only existing objects are
        // fetched.
        var question = request
        question.method = "HEAD"
        let answer = try await http.send(question)
        guard answer.status == 200, S3Metadata(answer).archivedIn == nil else { return answer }
        return try await http.stream(request, receive: receive.give)
    }

    private func request(
        _ method: String, key: String?, query: String, _ receive: Receiver?, _ load: Load, _ keys: SessionKeys?
    ) async throws(S3Error) -> HTTPRequest {
        let location = location.withLock { $0 }
        var request = HTTPRequest(url: url(location, key: key, query: query))
        request.method = method
        request.timeout = load.timeout ?? (receive == nil ? options.timeout : options.objectTimeout)
        request.headers = load.headers
        if !load.body.isEmpty {
            // libcurl 7.88 signs this digest without sending it, which Amazon refuses.
            request.headers.append((name: "x-amz-content-sha256", value: S3Payload.sha256(of: load.body)))
        }
        request.body = load.body
        request.bodyFile = load.file
        request.bodyLimitBytes = receive?.limitBytes ?? S3Client.pageLimitBytes
        request.tls = options.tls
        request.proxy = options.proxy
        // Only signed parameters may be added: custom headers are signed.
        if options.isRequesterPaying {
            request.headers.append((name: "x-amz-request-payer", value: "requester"))
        }
        request.signing = try await signing(location.region, keys)
        return request
    }

    private func url(_ location: Location, key: String?, query: String) -> String {
        let endpoint = options.endpoint ?? "https://s3.\(location.region).amazonaws.com"
        let parts = endpoint.firstRange(of: "://")
        let scheme = parts.map { endpoint[..<$0.lowerBound] } ?? "https"
        var host = String((parts.map { endpoint[$0.upperBound...] } ?? endpoint[...]))
        while host.hasSuffix("/") { host.removeLast() }
        var path = "/"
        if let moved = location.host {
            host = moved
        } else if options.pathStyle {
            path += PercentCoding.encode(options.bucket) + (key == nil ? "" : "/")
        } else {
            host = "\(options.bucket).\(host)"
        }
        if let key { path += PercentCoding.encode(key, keepingSlashes: true) }
        return "\(scheme)://\(host)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }

    private func signing(_ region: String, _ session: SessionKeys?) async throws(S3Error) -> AWSSigning? {
        switch options.credentials {
        case .instance, .webIdentity, .container, .profile:
            return session.map {
                AWSSigning(
                    region: region, accessKeyID: $0.accessKeyID, secretAccessKey: $0.secretAccessKey,
                    sessionToken: $0.sessionToken)
            }
        case .anonymous: return nil
        case .keys(let id, let secret, let token):
            return AWSSigning(region: region, accessKeyID: id, secretAccessKey: secret, sessionToken: token)
        case .environment:
            guard let id = environment("AWS_ACCESS_KEY_ID"), let secret = environment("AWS_SECRET_ACCESS_KEY"),
                !id.isEmpty, !secret.isEmpty
            else {
                throw S3Error(
                    .noCredentials,
                    "s3://\(options.bucket): AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"
                )
            }
            let token = environment("AWS_SESSION_TOKEN").flatMap { $0.isEmpty ? nil : Secret(value: $0) }
            return AWSSigning(
                region: region, accessKeyID: Secret(value: id), secretAccessKey: Secret(value: secret),
                sessionToken: token)
        case .directory(let path):
            let token = Secret(file: "\(path)/session_token")
            let hasToken = (try? await token.revealInTime(files)).map { !$0.isEmpty } ?? false
            return AWSSigning(
                region: region, accessKeyID: Secret(file: "\(path)/access_key_id"),
                secretAccessKey: Secret(file: "\(path)/secret_access_key"),
                sessionToken: hasToken ? token : nil)
        }
    }

    /// Follows a redirect.
    /// - Returns: false if it leads nowhere new, or if the answer contains an invalid region or host: both become parts
    ///   of a URL to which signed requests are sent.
    private func move(_ error: S3Error) -> Bool {
        location.withLock { location in
            if let region = error.region, region != location.region, S3Client.isName(region, dots: false) {
                location.region = region
                location.host = nil
                return true
            }
            // A 307 while a new bucket's name propagates: the same region with another host, which must be one of
            // Amazon's.
            guard options.endpoint == nil, location.host == nil, let host = error.host,
                host.hasSuffix(".amazonaws.com"),
                host.hasPrefix("\(options.bucket)."), S3Client.isName(host, dots: true)
            else { return false }
            location.host = host
            return true
        }
    }

    private static func isName(_ text: String, dots: Bool) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                case UInt8(ascii: "."): dots
                default: false
                }
            }
    }
}
