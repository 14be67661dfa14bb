#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

/* Synchronization's Mutex tries a compare-and-swap in the code of whoever calls it, which ThreadSanitizer sees. Where that
   fails the library waits with futex(2), which it does not see: to it whatever the mutex guards would be a race. This takes
   the place of that wait: `Synchronization._MutexHandle._lockSlow(Swift.UInt32) -> ()`, swift/stdlib/public/Synchronization/
   Mutex/LinuxImpl.swift. Nobody then waits in the kernel, so unlocking never has to wake anyone. */
__attribute__((swiftcall)) void lock_slow(uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *mutex)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void lock_slow(uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *mutex) {
    uint32_t unlocked = 0;
    while (!atomic_compare_exchange_weak_explicit(mutex, &unlocked, thread, memory_order_acquire, memory_order_relaxed)) {
        unlocked = 0;
        sched_yield();
    }
}
