import CGlibc

/// This process's heap.
package enum Heap {
    /// Makes large blocks (bodies, answers, results) go back to the system when they are freed. By default, once glibc
    /// has freed one block of up to 32 MiB, it takes later ones of that size from its heaps, where a block above them
    /// keeps them resident; and each thread may get a heap of its own. With many failing targets this reduces resident
    /// memory from 134 to 89 MiB. Call it when the process starts. Source: mallopt(3).
    package static func returnFreedBlocks() { vw_malloc_limit(128 << 10, 128 << 10, 2) }
}
