#pragma once
// crypt_rn(3) is declared only for users of GNU extensions.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <crypt.h>
#include <string.h>
#include <stdlib.h>

// Hashes a phrase with the setting of an existing hash, crypt_rn(3). The workspace may hold the password, so it is
// zeroed, and it is on the heap since it is 32 KiB.
// Returns 0 and the hash in `output`, or -1.
static inline int vw_crypt(const char *phrase, const char *setting, char *output, size_t capacity) {
    struct crypt_data *workspace = calloc(1, sizeof *workspace);
    if (workspace == NULL) return -1;
    const char *hash = crypt_rn(phrase, setting, workspace, sizeof *workspace);
    int result = -1;
    if (hash != NULL && strlen(hash) < capacity) {
        strcpy(output, hash);
        result = 0;
    }
    explicit_bzero(workspace, sizeof *workspace);
    free(workspace);
    return result;
}
