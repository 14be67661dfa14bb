// For crypt_rn(3) and explicit_bzero(3).
#define _GNU_SOURCE
#include "CCrypt.h"
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

// The workspace may hold the password, so it is zeroed, and it is on the heap since it is 32 KiB.
int vw_crypt(const char *phrase, const char *setting, char *output, size_t capacity) {
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
