// Nothing is called by name: the library stands in for libc's own functions.
