import Lab
import Platform

#if canImport(Glibc)
    import Glibc
#endif

/// The Python with moto and aiosmtpd, which tests alone need.
package enum TestPython {
    /// `$VAULTWATCH_TEST_PYTHON`, else `.build-tools/venv/bin/python` in the working directory or one above it.
    package static func find() -> String? {
        if let path = getenv("VAULTWATCH_TEST_PYTHON") { return String(cString: path) }
        guard let current = getcwd(nil, 0) else { return nil }
        defer { free(current) }
        var parts = String(cString: current).split(separator: "/")
        while true {
            let path = "/" + (parts + [".build-tools", "venv", "bin", "python"]).joined(separator: "/")
            if access(path, X_OK) == 0 { return path }
            guard parts.popLast() != nil else { return nil }
        }
    }

    static func required() throws(ChildProcessError) -> String {
        guard let python = find() else {
            throw ChildProcessError(
                program: "python",
                reason: "no Python with moto and aiosmtpd; make test installs it, or set VAULTWATCH_TEST_PYTHON")
        }
        return python
    }
}
