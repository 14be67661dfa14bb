import CCurl
import Glibc
import Platform

/// getaddrinfo(3) on a thread of its own, since it blocks for as long as the resolver likes.
enum NameLookup {
    static let addressLimit = 8

    /// - Parameter completion: gets numeric addresses in the order to try them, or why there are none; on another
    ///   thread.
    static func start(
        _ name: String, _ threads: any ThreadStarter,
        _ completion: @escaping @Sendable (Result<[String], PostgresError>) -> Void
    ) {
        do { try threads.start("name-lookup") { completion(addresses(name)) } } catch {
            completion(.failure(PostgresError(.dns, "\(name): \(error)")))
        }
    }

    /// Whether it is an address already.
    static func isNumeric(_ host: String) -> Bool {
        var space = in6_addr()
        return inet_pton(AF_INET, host, &space) == 1 || inet_pton(AF_INET6, host, &space) == 1
    }

    private static func addresses(_ name: String) -> Result<[String], PostgresError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { return .failure(PostgresError(.dns, "\(name): \(String(cString: gai_strerror(code)))")) }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next, found.count < addressLimit {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0
            {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return found.isEmpty ? .failure(PostgresError(.dns, "\(name): has no address")) : .success(found)
    }
}
