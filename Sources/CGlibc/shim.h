#pragma once
// What Swift's Glibc module does not import.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <malloc.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

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
