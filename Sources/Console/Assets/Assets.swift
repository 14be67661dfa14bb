import HTTPServer

/// A static file that pages load: style sheet, script or icon. Its name contains a hash of its content, so that
/// browsers may cache it forever.
struct Asset: Sendable {
    /// `/assets/console.0123456789abcdef.css`, without the prefix of `external_url`.
    let path: String
    private let contentType: String
    private let content: [UInt8]
    /// The content in the gzip coding, made once; nil if zlib was out of memory.
    let compressed: [UInt8]?

    init(_ name: String, _ kind: String, contentType: String, _ content: String) {
        self.contentType = contentType
        self.content = Array(content.utf8)
        compressed = Gzip.compress(self.content, isBest: true)
        // FNV-1a suffices: the hash only distinguishes versions.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in self.content { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        path = "/assets/\(name).\(String(hash, radix: 16)).\(kind)"
    }

    /// Size in bytes.
    var count: Int { content.count }

    /// The response with this asset, compressed if the client accepts that.
    /// - Parameter isKept: whether the URL contains the content's hash, so that it may be cached forever; otherwise for
    ///   a day.
    func response(to request: ServerRequest, isKept: Bool = true) -> ServerResponse {
        let keep = isKept ? "public, max-age=31536000, immutable" : "public, max-age=86400"
        var response = ServerResponse(
            headers: [("Content-Type", contentType), ("Cache-Control", keep), ("Vary", "Accept-Encoding")],
            body: .bytes(content))
        if let compressed, Gzip.isAccepted(request[header: "accept-encoding"]) {
            response.headers.append(("Content-Encoding", "gzip"))
            response.body = .bytes(compressed)
        }
        return response
    }
}

/// The assets that are compiled in.
enum Assets {
    static let style = Asset(
        "console", "css", contentType: "text/css; charset=utf-8",
        // No rule needs its line breaks.
        [Style.base, Style.parts, Style.drawings, Style.phone].joined().filter { $0 != "\n" })
    static let script = Asset(
        "console", "js", contentType: "text/javascript; charset=utf-8", [Script.live, Script.keys].joined())
    private static let icons = Gravity.allCases.map { gravity in
        Asset("icon-\(gravity.rawValue)", "svg", contentType: "image/svg+xml", drawing(gravity))
    }
    private static let all = Dictionary(
        ([style, script] + icons).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })

    /// The favicon of a page whose most severe problem has this gravity.
    static func icon(_ gravity: Gravity) -> Asset {
        icons[Gravity.allCases.firstIndex(of: gravity) ?? 0]
    }

    /// The asset at a path; nil if there is none or its content has changed since.
    static func asset(_ path: String) -> Asset? { all[path] }

    private static func drawing(_ gravity: Gravity) -> String {
        let color =
            switch gravity {
            case .critical: "#c8202d"
            case .warning: "#d9932a"
            case .unknown: "#737b89"
            case .good, .standby: "#11693f"
            }
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 22 22\"><rect x=\"1\" y=\"1\" width=\"20\" height=\"20\" rx=\"6\" fill=\"\(color)\"/><g fill=\"none\" stroke=\"#fff\" stroke-width=\"2.2\" stroke-linecap=\"round\"><circle cx=\"11\" cy=\"9\" r=\"3.3\"/><path d=\"M11 12.3v4.7\"/></g></svg>"
    }
}
