import CFuzzer
import Dispatch
import FuzzTargets
import Glibc

/// `fuzz NAME [libFuzzer's options and corpora]`; without arguments it lists the targets' names.
@main struct Fuzz {
    /// libFuzzer's callback has no context.
    nonisolated(unsafe) static var target: FuzzTarget?

    static func main() {
        var arguments = Array(CommandLine.arguments)
        guard arguments.count > 1 else {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        let name = arguments.remove(at: 1)
        target = FuzzTarget.all.first { $0.name == name }
        guard target != nil else {
            say("there is no target \(name)")
            exit(2)
        }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var count = Int32(arguments.count)
        let status = pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &start) { data, size in
                Fuzz.feed(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
        exit(status)
    }

    private static func feed(_ bytes: [UInt8]) {
        guard let target else { return }
        switch target.work {
        case .computing(let work): report { try work(bytes) }
        case .asking(let work):
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                do { try await work(bytes) } catch { Fuzz.report { throw error } }
                done.signal()
            }
            done.wait()
        }
    }

    /// To standard error, where libFuzzer writes too.
    private static func say(_ text: String) {
        let line = Array("fuzz: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// A finding ends the process, so that libFuzzer keeps the input.
    private static func report(_ work: () throws -> Void) {
        do { try work() } catch {
            say("\(error)")
            abort()
        }
    }
}
