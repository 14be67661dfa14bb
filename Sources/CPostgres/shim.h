#pragma once
#include <libpq-fe.h>
#include <sys/ioctl.h>

// Bytes that wait to be read from a socket, 0 where that is unknown; `ioctl` is variadic and not imported.
// Source: tcp(7) and unix(7), FIONREAD.
static inline int vaultwatch_pending_bytes(int descriptor) {
    int count = 0;
    return descriptor >= 0 && ioctl(descriptor, FIONREAD, &count) == 0 && count > 0 ? count : 0;
}
