#pragma once

// Lets go of the pages of the program's and its libraries' segments that nobody can write to, and that are therefore as
// in their files; what relocations have changed is in others. Of C's own, since link.h and Swift's module of libc define
// fd_set differently.
void vw_release_program_pages(void);
