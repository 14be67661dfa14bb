#pragma once
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

// curl_easy_setopt, curl_easy_getinfo and their siblings are variadic, and Swift does not import
// variadic functions: hence one function for each type of argument.

static inline CURLcode vw_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies strings, so the pointer need not outlive the call, except for CURLOPT_POSTFIELDS.
static inline CURLcode vw_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode vw_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the bytes: CURL_BLOB_COPY.
static inline CURLcode vw_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = { .data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY };
    return curl_easy_setopt(handle, option, &blob);
}

static inline CURLcode vw_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

// The callback type of CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION.
typedef size_t (*vw_bytes_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode vw_set_bytes_callback(CURL *handle, CURLoption option, vw_bytes_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

typedef curl_socket_t (*vw_open_socket_callback)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
static inline CURLcode vw_set_open_socket(CURL *handle, vw_open_socket_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, callback);
    return code ? code : curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
}

typedef int (*vw_close_socket_callback)(void *context, curl_socket_t socket);
static inline CURLcode vw_set_close_socket(CURL *handle, vw_close_socket_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, callback);
    return code ? code : curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context);
}

typedef int (*vw_prerequest_callback)(void *context, char *peer, char *local, int peer_port, int local_port);
static inline CURLcode vw_set_prerequest(CURL *handle, vw_prerequest_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
    return code ? code : curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
}

static inline CURLcode vw_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode vw_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

// The string is owned by the handle.
static inline CURLcode vw_get_string(CURL *handle, CURLINFO info, const char **value) {
    char *found = NULL;
    CURLcode code = curl_easy_getinfo(handle, info, &found);
    *value = found;
    return code;
}

static inline CURLcode vw_get_socket(CURL *handle, curl_socket_t *value) {
    return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLcode vw_get_pointer(CURL *handle, void **value) {
    char *found = NULL;
    CURLcode code = curl_easy_getinfo(handle, CURLINFO_PRIVATE, &found);
    *value = found;
    return code;
}

static inline CURLcode vw_get_certificates(CURL *handle, const struct curl_certinfo **value) {
    struct curl_certinfo *found = NULL;
    CURLcode code = curl_easy_getinfo(handle, CURLINFO_CERTINFO, &found);
    *value = found;
    return code;
}

// Seconds since 1970, or 0 where the time cannot be read.
static inline int64_t vw_asn1_seconds(const ASN1_TIME *time) {
    struct tm parts = { 0 };
    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

// When the server's certificate of a connection began, and when the first certificate ends of the chain by which it was
// verified, SSL_get0_verified_chain(3): what else the server sent does not count. Without verification that is the
// server's own certificate. Returns 0 where there is none.
static inline int vw_tls_validity(void *connection, int64_t *begin, int64_t *end) {
    SSL *ssl = (SSL *)connection;
    X509 *own = SSL_get1_peer_certificate(ssl);
    if (!own) return 0;
    *begin = vw_asn1_seconds(X509_get0_notBefore(own));
    *end = vw_asn1_seconds(X509_get0_notAfter(own));
    X509_free(own);
    STACK_OF(X509) *chain = SSL_get_verify_result(ssl) == X509_V_OK ? SSL_get0_verified_chain(ssl) : NULL;
    for (int i = 0; chain && i < sk_X509_num(chain); i++) {
        int64_t other = vw_asn1_seconds(X509_get0_notAfter(sk_X509_value(chain, i)));
        if (other && other < *end) *end = other;
    }
    return *end != 0;
}

// The same of a transfer, only while it has its connection, CURLINFO_TLS_SSL_PTR(3). Returns 0 without TLS, or where
// libcurl does not use OpenSSL.
static inline int vw_certificate_validity(CURL *handle, int64_t *begin, int64_t *end) {
    const struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session || !session->internals
        || session->backend != CURLSSLBACKEND_OPENSSL)
        return 0;
    return vw_tls_validity(session->internals, begin, end);
}

typedef int (*vw_socket_callback)(CURL *easy, curl_socket_t socket, int what, void *context, void *per_socket);
typedef int (*vw_timer_callback)(CURLM *multi, long timeout_ms, void *context);
static inline CURLMcode vw_multi_callbacks(CURLM *multi, vw_socket_callback on_socket, vw_timer_callback on_timer, void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

static inline CURLMcode vw_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLSHcode vw_share_data(CURLSH *share, curl_lock_data data) {
    return curl_share_setopt(share, CURLSHOPT_SHARE, data);
}

// Returns the handle of the next completed transfer and its result, or NULL where there is none.
// In C since CURLMsg holds a union, which is awkward to read in Swift.
static inline CURL *vw_next_done(CURLM *multi, CURLcode *result) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

// epoll_ctl(2). In C since struct epoll_event is packed and contains a union.
static inline int vw_epoll_set(int epoll, int operation, int descriptor, uint32_t events) {
    struct epoll_event event = { .events = events, .data = { .fd = descriptor } };
    return epoll_ctl(epoll, operation, descriptor, &event);
}

typedef struct {
    int descriptor;
    uint32_t events;
} vw_ready;

// epoll_wait(2) for at most 256 events.
static inline int vw_epoll_wait(int epoll, vw_ready *ready, int capacity, int timeout_ms) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, capacity < 256 ? capacity : 256, timeout_ms);
    for (int i = 0; i < count; i++) {
        ready[i].descriptor = events[i].data.fd;
        ready[i].events = events[i].events;
    }
    return count;
}

static const uint32_t vw_epoll_in = EPOLLIN, vw_epoll_out = EPOLLOUT, vw_epoll_rdhup = EPOLLRDHUP,
                      vw_epoll_hup = EPOLLHUP, vw_epoll_err = EPOLLERR;

// A non-blocking eventfd(2) that wakes an epoll_wait(2) of another thread.
static inline int vw_wakeup_create(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline void vw_wakeup(int descriptor) {
    uint64_t one = 1;
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored;
}

static inline void vw_wakeup_drain(int descriptor) {
    uint64_t count;
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
}

// Whether the peer's system has taken all that was sent on an established connection, and nothing had to be sent twice: it
// is not the network that keeps an answer back. Of a Unix socket's peer that is always so. tcp(7), TCP_INFO.
static inline int vw_peer_took_all(int descriptor) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return errno == EOPNOTSUPP;
    return info.tcpi_state == TCP_ESTABLISHED && info.tcpi_unacked == 0 && info.tcpi_total_retrans == 0;
}

// The local port of a socket, or -1.
static inline int vw_local_port(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) return -1;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return -1;
}
