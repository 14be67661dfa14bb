import HTTPServer
import Synchronization

/// The result of parsing a posted body.
enum Reading<Value: Sendable>: Sendable {
    case read(Value)
    case refused(ServerResponse)
}

extension WebService {
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Parses a body of Alertmanager's API on the thread for bodies, one at a time, so that it delays no other request.
    func reading<Value: Sendable>(_ read: @escaping @Sendable () -> Reading<Value>) async -> Reading<Value> {
        let box = Box<Reading<Value>>()
        do throws(QueryError) {
            _ = try await sources.compute(.body) { _ in
                let result = read()
                box.value.withLock { $0 = result }
                return ServerResponse()
            }
        } catch {
            return .refused(WebService.message(error.message, status: error.kind.status))
        }
        return box.value.withLock { $0 } ?? .refused(WebService.message("the body was not read", status: 503))
    }
}
