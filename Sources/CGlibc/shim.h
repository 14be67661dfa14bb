#pragma once
// What Swift's Glibc module does not import.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// pthread_setname_np(3) for the calling thread. It rejects names over 15 bytes, so the name is cut.
static inline void vw_thread_set_name(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(pthread_self(), cut);
}

// pthread_getname_np(3) for the calling thread.
static inline void vw_thread_get_name(char *name, size_t size) {
    if (pthread_getname_np(pthread_self(), name, size) != 0 && size > 0) name[0] = 0;
}

// The size of the calling thread's stack in bytes, or -1; pthread_getattr_np(3).
static inline long vw_thread_stack_bytes(void) {
    pthread_attr_t attributes;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return -1;
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
    return (long)size;
}

// mallopt(3).
static inline void vw_malloc_limit(int mmap_threshold, int trim_threshold, int arenas) {
    mallopt(M_MMAP_THRESHOLD, mmap_threshold);
    mallopt(M_TRIM_THRESHOLD, trim_threshold);
    mallopt(M_ARENA_MAX, arenas);
}

// Of stdlib.h, which with _GNU_SOURCE defines fd_set by another name than in Swift's own module of libc.
extern int mkostemp(char *template, int flags);

// Opens a file in a folder that has no name there, 0600 and close-on-exec: the kernel removes it when its last descriptor
// closes, however the process ends. O_TMPFILE, open(2); where the file system lacks it, a file that is unlinked at once.
// Returns -1 and sets errno.
static inline int vw_open_unnamed(const char *folder) {
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/.vaultwatch-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) unlink(path);
    return file;
}

// pidfd_open(2): a descriptor that is readable once the process has ended, or -1.
static inline int vw_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// Frees the disk space of a file's beginning; its size and the rest stay. fallocate(2).
static inline int vw_free_beginning(int descriptor, long long bytes) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes);
}
