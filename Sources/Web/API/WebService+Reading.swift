import HTTPServer
import Synchronization

/// A posted body, read.
enum Reading<Value: Sendable>: Sendable {
    case read(Value)
    case refused(ServerResponse)
}

extension WebService {
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Reads a body of Alertmanager's API where that holds up nobody, one body at a time.
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
