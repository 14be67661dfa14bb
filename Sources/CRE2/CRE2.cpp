#include "CRE2.h"

#include <re2/re2.h>

#include <new>
#include <string>
#include <vector>

struct cre2_regex {
    re2::RE2 regex;
    explicit cre2_regex(const re2::StringPiece &pattern, const re2::RE2::Options &options) : regex(pattern, options) {}
};

cre2_regex *cre2_compile(const char *pattern, size_t length, int64_t memory) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    // Bounds the compiled program and the DFA cache. Where the cache is full RE2 falls back to the NFA, which takes
    // linear time as well.
    options.set_max_mem(memory);
    return new (std::nothrow) cre2_regex(re2::StringPiece(pattern, length), options);
}

void cre2_free(cre2_regex *regex) { delete regex; }

const char *cre2_error(const cre2_regex *regex) { return regex->regex.ok() ? nullptr : regex->regex.error().c_str(); }

int cre2_program_size(const cre2_regex *regex) { return regex->regex.ProgramSize(); }

int cre2_group_count(const cre2_regex *regex) { return regex->regex.NumberOfCapturingGroups(); }

int cre2_group_index(const cre2_regex *regex, const char *name, size_t length) {
    const auto &groups = regex->regex.NamedCapturingGroups();
    auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}

bool cre2_match(const cre2_regex *regex, const char *text, size_t length, size_t start, bool anchored,
                ptrdiff_t *ranges, int groups) {
    std::vector<re2::StringPiece> found(static_cast<size_t>(groups));
    re2::StringPiece whole(text, length);
    if (!regex->regex.Match(whole, start, length, anchored ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED,
                            found.data(), groups))
        return false;
    for (int i = 0; i < groups; i++) {
        bool took_part = found[i].data() != nullptr;
        ranges[2 * i] = took_part ? found[i].data() - text : -1;
        ranges[2 * i + 1] = took_part ? found[i].data() - text + static_cast<ptrdiff_t>(found[i].size()) : -1;
    }
    return true;
}
