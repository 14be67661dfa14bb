#pragma once
// sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3), and signals as bytes of a pipe.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

// The pipe's end that handlers write to. One process has one; only Signals.swift uses it.
static int vw_signal_pipe = -1;

static void vw_signal_handler(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe holds enough signals for anybody.
    ssize_t ignored = write(vw_signal_pipe, &byte, 1);
    (void)ignored;
    errno = saved;
}

// A descriptor that reads a byte for each of the given signals as they arrive; -1 with errno on failure.
// Handlers rather than signalfd(2): Swift's main thread waits in sigsuspend(2) with every signal unblocked,
// where a blocked signal's default action would end the process.
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

// The next signal's number, or -1. Blocks.
static inline int vw_signals_read(int descriptor) {
    unsigned char byte = 0;
    ssize_t count;
    do {
        count = read(descriptor, &byte, 1);
    } while (count < 0 && errno == EINTR);
    return count == 1 ? (int)byte : -1;
}
