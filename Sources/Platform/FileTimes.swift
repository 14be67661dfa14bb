package import Samples
#if canImport(Glibc)
    import Glibc
#endif

extension SystemFiles {
    /// When the content of a file was last changed, to the millisecond; nil where there is none or it may not be asked.
    /// Source: stat(2).
    package static func modified(_ path: String) -> Timestamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        // A file system may give any number of seconds.
        return Timestamp(
            milliseconds: Int64(status.st_mtim.tv_sec).multipliedSaturated(by: 1000)
                .addingSaturated(Int64(status.st_mtim.tv_nsec) / 1_000_000))
    }
}
