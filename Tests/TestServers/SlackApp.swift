import Foundation
package import Lab
import Platform

/// A stand-in for Slack's Web API and Socket Mode: a program of its own, whose WebSocket is not ours.
/// Source: api.slack.com/apis/socket-mode; RFC 6455.
package final class SlackApp: Sendable {
    private let process: ChildProcess
    /// Without a slash at its end.
    package let url: String

    /// Starts it on a free port of loopback.
    /// - Parameter certificate: for TLS; nil for plain HTTP.
    package static func start(certificate: CertificateAuthority.Certificate? = nil) async throws -> SlackApp {
        let port = try freePort()
        let files = certificate.map { [$0.certificateFile, $0.keyFile] } ?? []
        let process = try await ChildProcess.start(
            try TestPython.required(), ["-u", "-c", program, String(port)] + files)
        let app = SlackApp(process, "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)")
        let isUp = await waitUntil { (try? await app.get("/log")) != nil }
        guard isUp else { throw ChildProcessError(program: "SlackApp", reason: "it does not answer") }
        return app
    }

    private init(_ process: ChildProcess, _ url: String) {
        self.process = process
        self.url = url
    }

    package func stop() async { _ = await process.terminate() }

    /// What has come: `open TOKEN`, `message …`, `socket …` from the agent, `response …`.
    package func log() async -> [String] {
        let data = (try? await get("/log")) ?? Data()
        return (try? JSONDecoder().decode([String].self, from: data)) ?? []
    }

    /// Somebody presses a button.
    package func press(_ action: String, _ value: String, user: String = "U1", name: String = "ann") async throws {
        let body = ["action": action, "value": value, "user": user, "name": name]
        try await ChildProcess.run(
            "curl", ["-skf", "-d", String(decoding: try JSONEncoder().encode(body), as: UTF8.self), url + "/press"])
    }

    /// Slack closes the connection, for the agent to make another.
    package func disconnect() async throws {
        try await ChildProcess.run("curl", ["-skf", "-d", "", url + "/disconnect"])
    }

    private func get(_ path: String) async throws -> Data {
        Data(try await ChildProcess.run("curl", ["-skf", "--max-time", "5", url + path]))
    }

    private static let program = #"""
        import base64, hashlib, http.server, json, ssl, struct, sys, threading
        port = int(sys.argv[1])
        scheme = "s" if len(sys.argv) > 2 else ""
        log, sockets, lock = [], [], threading.Lock()
        def note(text):
            with lock: log.append(text)
        def frame(opcode, data, fin=True):
            head = bytes([(0x80 if fin else 0) | opcode])
            if len(data) < 126: return head + bytes([len(data)]) + data
            return head + bytes([126]) + struct.pack(">H", len(data)) + data
        def tell(text):
            # In two fragments, with a ping between them.
            data = text.encode()
            for s in list(sockets):
                s.sendall(frame(1, data[:20], False) + frame(9, b"beat") + frame(0, data[20:]))
        def listen(sock, stream):
            while True:
                head = stream.read(2)
                if len(head) < 2: return
                size = head[1] & 127
                if size == 126: size = struct.unpack(">H", stream.read(2))[0]
                if not head[1] & 128: note("socket without a mask"); return
                mask = stream.read(4)
                data = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(size)))
                if head[0] & 15 == 8: return
                note("socket %d %s" % (head[0] & 15, data.decode()))
                # In the thread that reads: Python's TLS is not for two at a time.
                if data.startswith(b"echo "): sock.sendall(frame(1, data))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *a): pass
            def answer(self, body):
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            def do_GET(self):
                if self.path == "/log":
                    with lock: return self.answer(log)
                if not self.path.startswith("/link") or self.headers["Upgrade"] != "websocket":
                    return self.answer({})
                key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
                self.end_headers()
                note("link " + self.path)
                sockets.append(self.connection)
                self.connection.sendall(frame(1, b'{"type":"hello","num_connections":1}'))
                listen(self.connection, self.rfile)
                sockets.remove(self.connection)
                self.close_connection = True
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path == "/api/apps.connections.open":
                    note("open " + self.headers["Authorization"])
                    return self.answer({"ok": True, "url": "ws%s://127.0.0.1:%d/link?ticket=t1ck3t" % (scheme, port)})
                if self.path == "/press":
                    p = json.loads(body)
                    tell(json.dumps({"type": "interactive", "envelope_id": "e-" + p["action"], "accepts_response_payload": False,
                        "payload": {"type": "block_actions", "user": {"id": p["user"], "username": p["name"], "name": p["name"]},
                            "response_url": "http%s://127.0.0.1:%d/response" % (scheme, port),
                            "actions": [{"type": "button", "action_id": p["action"], "block_id": "b", "value": p["value"]}]}}))
                    return self.answer({})
                if self.path == "/disconnect":
                    tell('{"type":"disconnect","reason":"refresh_requested"}')
                    return self.answer({})
                note(("message " if self.path == "/api/chat.postMessage" else "response ") + body)
                self.answer({"ok": True, "ts": "1.%d" % len(log), "channel": "C1"})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if scheme:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*sys.argv[2:])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()
        """#
}
