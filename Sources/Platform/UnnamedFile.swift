import CGlibc

/// Opens a file without a name in a folder, readable and writable by its owner alone: the kernel removes it when its last
/// descriptor closes, however the process ends. Source: open(2), O_TMPFILE; on a file system without that, a file that is
/// unlinked at once.
/// - Returns: a descriptor that children do not inherit; -1 with errno(3) set if there is none.
package func openUnnamedFile(in folder: String) -> Int32 { vw_open_unnamed(folder) }
