#pragma once
// A C interface to RE2, which is C++. Prometheus' regular expressions have RE2's syntax and its
// guarantee of linear time (https://github.com/google/re2/wiki/Syntax).
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_regex cre2_regex;

// Compiles `pattern` (UTF-8, `length` bytes) within `memory` bytes, the cache of its states included. Returns null only where memory is exhausted;
// cre2_error tells whether the pattern is valid.
cre2_regex *_Nullable cre2_compile(const char *_Nonnull pattern, size_t length, int64_t memory);
void cre2_free(cre2_regex *_Nonnull regex);

// RE2's error message, owned by `regex`; null where the pattern is valid.
const char *_Nullable cre2_error(const cre2_regex *_Nonnull regex);

// The number of instructions of the compiled program; -1 where the pattern is not valid.
int cre2_program_size(const cre2_regex *_Nonnull regex);

// The number of capturing groups, the whole match not counted.
int cre2_group_count(const cre2_regex *_Nonnull regex);

// The number of the group named `name`, or -1.
int cre2_group_index(const cre2_regex *_Nonnull regex, const char *_Nonnull name, size_t length);

// Searches text[start..<length] for a match; with `anchored` all of it must match.
// Fills `ranges` with `groups` pairs (begin, end) of byte offsets, -1 for a group that did not participate.
bool cre2_match(const cre2_regex *_Nonnull regex, const char *_Nonnull text, size_t length, size_t start,
                bool anchored, ptrdiff_t *_Nullable ranges, int groups);

#ifdef __cplusplus
}
#endif
