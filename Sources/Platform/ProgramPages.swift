import CProgramPages

/// The pages of the program's and its libraries' code and constants.
package enum ProgramPages {
    /// Lets go of all of them: those that are used come back from the page cache, without the disk; those that only the
    /// start, a reload or a look at a page needed do not. They were most of an idle agent's resident memory.
    package static func release() { vw_release_program_pages() }
}
