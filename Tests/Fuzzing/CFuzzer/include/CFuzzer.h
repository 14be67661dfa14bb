// libFuzzer's entry, from compiler-rt's libclang_rt.fuzzer_no_main.
// Source: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
#ifndef VAULTWATCH_CFUZZER_H
#define VAULTWATCH_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
