import CCurl
import Platform
import Samples

/// What libcurl calls while a transfer runs, all on the loop's thread.
extension CurlTransfer {
    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// CURLOPT_WRITEFUNCTION(3).
    static let onBody: vw_bytes_callback = { bytes, size, count, context in
        guard let transfer = from(context), let bytes else { return 0 }
        return transfer.take(
            UnsafeBufferPointer(start: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: size * count)
        )
    }

    /// CURLOPT_HEADERFUNCTION(3): a whole line at a time, for SMTP too.
    static let onHeader: vw_bytes_callback = { bytes, size, count, context in
        guard let transfer = from(context), let bytes else { return 0 }
        let line = UnsafeBufferPointer(
            start: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: size * count)
        switch transfer.job {
        case .http: return transfer.takeHeader(line) ? line.count : 0
        case .mail:
            transfer.takeReply(line)
            return line.count
        case .dialogue: return line.count
        }
    }

    /// CURLOPT_READFUNCTION(3), for SMTP and for bodies from files.
    static let onUpload: vw_bytes_callback = { bytes, size, count, context in
        guard let transfer = from(context), let bytes else { return Int(CURL_READFUNC_ABORT) }
        if case .http(let request) = transfer.job, let slice = request.bodyFile {
            return transfer.read(slice, into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        let wanted = min(size * count, transfer.upload.count - transfer.uploaded)
        guard wanted > 0, let from = transfer.upload.baseAddress else { return 0 }
        UnsafeMutableRawPointer(bytes).copyMemory(from: from + transfer.uploaded, byteCount: wanted)
        transfer.uploaded += wanted
        return wanted
    }

    /// CURLOPT_PREREQFUNCTION(3): the connection is established, new or reused, including TLS.
    static let onConnected: vw_prerequest_callback = { context, _, _, _, localPort in
        guard let transfer = from(context) else { return CURL_PREREQFUNC_OK }
        transfer.loop?.connected(transfer, localPort: localPort)
        transfer.connections += 1
        // libcurl silently resends a request when a reused connection breaks before an answer. A request with a body
        // may have been processed the first time: its sender must decide whether to send it again.
        guard transfer.connections > 1, transfer.hasBody else { return CURL_PREREQFUNC_OK }
        transfer.stopped = TransportError(.reset, "\(transfer.origin): the connection broke before an answer")
        return CURL_PREREQFUNC_ABORT
    }

    /// CURLOPT_OPENSOCKETFUNCTION(3).
    static let onOpenSocket: vw_open_socket_callback = { context, _, address in
        guard let transfer = from(context), let address else { return CURL_SOCKET_BAD }
        let descriptor = socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
        if descriptor >= 0 { transfer.openedSockets.append(descriptor) }
        return descriptor
    }

    private var hasBody: Bool {
        if case .http(let request) = job, request.bodyFile != nil { return true }
        return !upload.isEmpty
    }

    private func read(_ slice: FileSlice, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let wanted = Int(min(Int64(buffer.count), slice.count - Int64(uploaded)))
        guard wanted > 0 else { return 0 }
        do throws(FileError) {
            let count = try slice.file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(wanted)),
                at: slice.offset + Int64(uploaded))
            uploaded += count
            return count
        } catch {
            stopped = TransportError(.other, "\(origin): the body cannot be read: \(error)")
            return Int(CURL_READFUNC_ABORT)
        }
    }

    private func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard case .http(let request) = job else { return bytes.count }
        headersEnded = true
        // A redirect's body is not the requested answer.
        if pieces != nil, request.redirectLimit > 0, (300..<400).contains(status) { return bytes.count }
        if bodyBytes == 0, let easy {
            var declared: curl_off_t = -1
            vw_get_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared)
            if declared > curl_off_t(request.bodyLimitBytes) { return tooLong(request) }
            if pieces == nil, declared > 0 { body.reserveCapacity(Int(declared)) }
        }
        guard bodyBytes + bytes.count <= request.bodyLimitBytes else { return tooLong(request) }
        if let pieces {
            guard pieces.offer(bytes) else { return Int(CURL_WRITEFUNC_PAUSE) }
        } else {
            body.append(contentsOf: bytes)
        }
        bodyBytes += bytes.count
        return bytes.count
    }

    private func tooLong(_ request: HTTPRequest) -> Int {
        stopped = TransportError(.body, "\(origin): the body is longer than \(request.bodyLimitBytes) bytes")
        return 0
    }

    private func takeHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        headerBytes += line.count
        guard headerBytes <= CurlTransfer.headerLimitBytes else {
            stopped = TransportError(
                .http, "\(origin): the headers are longer than \(CurlTransfer.headerLimitBytes) bytes")
            return false
        }
        // Trailers come after the body and are ignored.
        if bodyBytes > 0 { return true }
        if line.starts(with: "HTTP/".utf8) {
            // A new status line follows an interim answer (100, 103) or a proxy's answer.
            headers.removeAll(keepingCapacity: true)
            headersEnded = false
            var code = 0
            if let easy { vw_get_long(easy, CURLINFO_RESPONSE_CODE, &code) }
            status = code
            return true
        }
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        if end == 0 {
            headersEnded = true
            var code = 0
            if let easy { vw_get_long(easy, CURLINFO_RESPONSE_CODE, &code) }
            status = code
            return true
        }
        guard let colon = line[..<end].firstIndex(of: UInt8(ascii: ":")) else { return true }
        var start = colon + 1
        while start < end, line[start] <= 0x20 { start += 1 }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        headers.append((name: name, value: String(decoding: line[start..<end], as: UTF8.self)))
        return true
    }
}
