import Platform
import Samples

/// The configuration files on the agent's machine, in memory. They outlast its lives.
/// Touched by the thread of its run alone.
final class Files: FileAccess, @unchecked Sendable {
    enum Mistake: Hashable {
        case none
        /// The file is no YAML.
        case broken
        /// Something that takes a restart has changed.
        case moved
        /// Another retention of the store: ten minutes.
        case retention
    }

    private let plan: Estate.Plan
    /// Which version of the configuration the file has.
    var version = 0
    var mistake = Mistake.none

    init(_ plan: Estate.Plan) { self.plan = plan }

    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        switch path {
        case Estate.configurationPath:
            let text = plan.versions[version]
            return switch mistake {
            case .none: Array(text.configuration.utf8)
            case .broken: Array("rules: [".utf8)
            case .retention: Array((text.configuration + "\nstorage: {retention: 10m}\n").utf8)
            case .moved: Array((text.configuration + "\nstorage: {path: /elsewhere}\n").utf8)
            }
        case Estate.rulesPath: return Array(plan.versions[version].rules.utf8)
        default: throw FileError(path: path, reason: "No such file or directory")
        }
    }

    func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        (try read(path, limit: limit), Timestamp(milliseconds: 0))
    }

    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let bytes = try read(path, limit: .max)
        return (Array(bytes.suffix(limit)), bytes.count > limit)
    }

    func glob(_ pattern: String) -> [String] {
        [Estate.configurationPath, Estate.rulesPath].filter { $0 == pattern }
    }

    func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw Files.readOnly(path) }
    func makePrivate(_ path: String) throws(FileError) { throw Files.readOnly(path) }
    func rename(_ path: String, to new: String) throws(FileError) { throw Files.readOnly(path) }
    func remove(_ path: String) throws(FileError) { throw Files.readOnly(path) }

    private static func readOnly(_ path: String) -> FileError {
        FileError(path: path, reason: "Read-only file system")
    }
}
