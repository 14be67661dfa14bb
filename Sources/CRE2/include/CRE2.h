#pragma once
// A C face for RE2, the engine whose syntax and linear-time guarantee Prometheus' regular
// expressions promise (https://github.com/google/re2/wiki/Syntax). RE2 itself is C++.
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_regex cre2_regex;

// Compiles `pattern` (UTF-8, `length` bytes). Never returns null unless memory is gone;
// ask cre2_error for what is wrong with the pattern.
cre2_regex *_Nullable cre2_compile(const char *_Nonnull pattern, size_t length);
void cre2_free(cre2_regex *_Nonnull regex);

// Null when the pattern compiled, else RE2's message, owned by `regex`.
const char *_Nullable cre2_error(const cre2_regex *_Nonnull regex);

// Capturing groups, the whole match not counted.
int cre2_group_count(const cre2_regex *_Nonnull regex);

// The number of the group named `name`, or -1.
int cre2_group_index(const cre2_regex *_Nonnull regex, const char *_Nonnull name, size_t length);

// Looks for a match in text[start..<length]. `anchored` asks for a match of all of it.
// Fills `ranges` with `groups` pairs (begin, end) of byte offsets, -1 for a group that took no part.
bool cre2_match(const cre2_regex *_Nonnull regex, const char *_Nonnull text, size_t length, size_t start,
                bool anchored, ptrdiff_t *_Nullable ranges, int groups);

#ifdef __cplusplus
}
#endif
