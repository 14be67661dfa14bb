#pragma once
#include <stddef.h>

// Hashes a phrase with the setting of an existing hash, crypt_rn(3).
// Returns 0 and the hash in `output`, or -1.
int vw_crypt(const char *phrase, const char *setting, char *output, size_t capacity);
