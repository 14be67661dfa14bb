import Foundation
import Lab

/// The package as `make deb` makes it, with the debug program in it.
final class BuiltPackage: Sendable {
    private let folder: TemporaryDirectory
    /// The path of the `.deb`.
    let path: String

    /// - Parameter revision: appended to the version.
    init(revision: String = "") async throws {
        folder = try TemporaryDirectory()
        try await ChildProcess.run(Binary.root + "/packaging/build-deb", [Binary.path, folder.path, revision])
        let found = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".deb") }
        guard let name = found.first, found.count == 1 else {
            throw ChildProcessError(program: "build-deb", reason: "made \(found)")
        }
        path = folder.file(name)
    }

    /// The files in it, unpacked.
    func unpacked() async throws -> TemporaryDirectory {
        let target = try TemporaryDirectory()
        try await ChildProcess.run("dpkg-deb", ["-R", path, target.path])
        return target
    }
}
