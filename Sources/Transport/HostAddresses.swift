package import Platform

/// The addresses of host names, as connections would use them.
package struct HostAddresses: Sendable {
    private let resolver: NameResolver
    private let time: any TimeSource

    /// Looks names up with getaddrinfo(3), on threads of its own.
    package init(platform: Platform) {
        resolver = NameResolver(platform)
        time = platform.time
    }

    /// The addresses of a host; an address is its own.
    /// - Returns: nil if the name does not resolve within five seconds.
    package func addresses(of host: String) async -> [String]? {
        if NameResolver.isNumeric(host) { return [host] }
        let resolver = resolver
        let found = await Deadline.run(
            { () -> [String]? in
                let answer = OneShot<[String]?>()
                resolver.lookUp(host) { answer.fulfil(try? $0.get()) }
                return await answer.value()
            }, until: time.monotonic() + .seconds(5), time: time)
        return found ?? nil
    }
}
