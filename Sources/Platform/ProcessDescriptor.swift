import CGlibc

/// System calls that Swift's Glibc module does not have, for the parent of a child process.
enum ProcessDescriptor {
    /// A descriptor that is readable once the process has ended, or -1. Source: pidfd_open(2).
    static func open(_ pid: pid_t) -> Int32 { vw_pidfd_open(pid) }

    /// Frees the disk space of a file's first bytes; its size and the rest stay. Source: fallocate(2).
    static func freeBeginning(of descriptor: Int32, bytes: Int64) { vw_free_beginning(descriptor, bytes) }
}
