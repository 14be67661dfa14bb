// A disk that stops answering under a real process, by LD_PRELOAD: while the file $HANGING_DISK_FLAG exists, calls that open, sync,
// write or make anything below the folder $HANGING_DISK_FOLDER do not return. They go on when the file is gone, as on a disk that
// answers again. The rest of the file system stays as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(const char *path) {
    const char *flag = getenv("HANGING_DISK_FLAG");
    const char *folder = getenv("HANGING_DISK_FOLDER");
    if (!flag || !folder || !path || strncmp(path, folder, strlen(folder)) != 0) return;
    const struct timespec pause = {0, 5000000};
    while (access(flag, F_OK) == 0) nanosleep(&pause, NULL);
}

static void wait_for_disk_of(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    wait_for_disk(path);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// The third argument, which is there only for flags that can make a file.
#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    REAL(open);
    MODE(flags)
    wait_for_disk(path);
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    MODE(flags)
    wait_for_disk(path);
    return real(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    wait_for_disk(path);
    return real(path, mode);
}

int fsync(int file) {
    REAL(fsync);
    wait_for_disk_of(file);
    return real(file);
}

int fdatasync(int file) {
    REAL(fdatasync);
    wait_for_disk_of(file);
    return real(file);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    wait_for_disk_of(file);
    return real(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    REAL(pwrite64);
    wait_for_disk_of(file);
    return real(file, bytes, count, offset);
}
