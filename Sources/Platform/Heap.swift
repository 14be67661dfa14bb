import CGlibc

/// This process's heap.
package enum Heap {
    /// Makes large blocks (bodies, answers, results) go back to the system when they are freed. By default, once glibc
    /// has freed one block of up to 32 MiB, it takes later ones of that size from its heaps, where a block above them
    /// keeps them resident; and each thread may get a heap of its own. With many failing targets this reduces resident
    /// memory from 134 to 89 MiB. Call it when the process starts. Source: mallopt(3).
    package static func returnFreedBlocks() { vw_malloc_limit(128 << 10, 128 << 10, 2) }

    /// Gives the system back what was freed between blocks that are in use, which stays resident otherwise: after a
    /// start with many targets, most of what their first handshakes needed. Takes milliseconds, in which allocations
    /// wait. Source: malloc_trim(3).
    package static func returnFreedPages() { malloc_trim(0) }
}
