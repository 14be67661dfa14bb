#pragma once
// sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3), and signals delivered through a pipe.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

// The write end of the pipe. There is one per process; only Signals.swift uses it.
static int vw_signal_pipe = -1;

static void vw_signal_handler(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A write to a full pipe fails, and the signal is dropped: thousands are waiting to be read by then.
    ssize_t ignored = write(vw_signal_pipe, &byte, 1);
    (void)ignored;
    errno = saved;
}

// Installs handlers for the given signals. Returns a descriptor that reads one byte, the signal's number, for each
// signal received; -1 with errno on failure.
// Not signalfd(2), which needs the signals blocked in every thread: Swift's main thread waits in sigsuspend(2) with
// every signal unblocked, where the default action would end the process.
static inline int vw_signals_open(const int *signals, int count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    vw_signal_pipe = ends[1];
    struct sigaction action = {0};
    action.sa_handler = vw_signal_handler;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    for (int i = 0; i < count; i++) {
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    }
    return ends[0];
}

// Blocks until a signal has arrived. Returns its number, or -1 on failure.
static inline int vw_signals_read(int descriptor) {
    unsigned char byte = 0;
    ssize_t count;
    do {
        count = read(descriptor, &byte, 1);
    } while (count < 0 && errno == EINTR);
    return count == 1 ? (int)byte : -1;
}
