import CGlibc

/// This process' heap.
package enum Heap {
    /// Large blocks (bodies, answers, results) go back to the system when they are freed. By default glibc takes blocks
    /// of up to 32 MiB from its heaps once one of them was freed, where what lies above keeps them for good; and each
    /// thread may get a heap of its own. On a hostile estate this is 89 MiB resident in place of 134. For the start of
    /// the process. Source: mallopt(3).
    package static func returnFreedBlocks() { vw_malloc_limit(128 << 10, 128 << 10, 2) }
}
