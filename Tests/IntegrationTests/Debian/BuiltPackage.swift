import Foundation
import Lab
import Platform

/// The package as `make deb` makes it, with the debug program in it.
struct BuiltPackage {
    /// The path of the `.deb`.
    let path: String

    /// Made once for all tests of a run, where it takes the place of the last run's.
    static func shared() async throws -> BuiltPackage { try await sharedTask.value }

    private static let sharedTask = Task {
        let folder = Binary.root + "/.build-tools/test-package"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try await BuiltPackage(in: folder)
    }

    /// - Parameters:
    ///   - folder: an empty one.
    ///   - revision: appended to the version.
    init(in folder: String, revision: String = "") async throws {
        try await ChildProcess.run(Binary.root + "/packaging/build-deb", [Binary.path, folder, revision])
        let found = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".deb") }
        guard let name = found.first, found.count == 1 else {
            throw ChildProcessError(program: "build-deb", reason: "made \(found)")
        }
        path = folder + "/" + name
    }

    /// The files in it, unpacked.
    func unpacked() async throws -> TemporaryDirectory {
        let target = try TemporaryDirectory()
        try await ChildProcess.run("dpkg-deb", ["-R", path, target.path])
        return target
    }
}
