#pragma once
// sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3), and signalfd(2), whose macros Swift does not import.
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

// A descriptor that reads as the given signals arrive, which are blocked for the calling thread
// and all threads started from it. -1 with errno on failure.
static inline int vw_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

// The next signal's number, or -1. Blocks.
static inline int vw_signalfd_read(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : -1;
}
