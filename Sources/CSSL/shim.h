#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Swift imports no macros with arguments: hence one function for each of OpenSSL's that is one.

static inline int vw_ssl_set_versions(SSL_CTX *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) == 1 && SSL_CTX_set_max_proto_version(context, maximum) == 1;
}

// An idle connection keeps no buffers, SSL_CTX_set_mode(3); sessions are kept by the clients alone, as tickets,
// SSL_CTX_set_session_cache_mode(3).
static inline void vw_ssl_keep_little(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// A client can't make the server compute by asking for one handshake after the other.
static inline void vw_ssl_never_renegotiate(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

// The bytes of a client's certificates at most, SSL_CTX_set_max_cert_list(3): 100 KiB by default, of each connection.
static inline void vw_ssl_limit_certificates(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}

// No passphrase, instead of a question on the terminal.
static inline int vw_ssl_no_passphrase(char *bytes, int capacity, int writing, void *context) { return -1; }

// Accepts any certificate, SSL_CTX_set_cert_verify_callback(3).
static inline int vw_ssl_accept(X509_STORE_CTX *store, void *context) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static inline void vw_ssl_accept_any_certificate(SSL_CTX *context) {
    SSL_CTX_set_cert_verify_callback(context, vw_ssl_accept, NULL);
}

static inline void vw_ssl_ask_no_passphrase(SSL_CTX *context) {
    SSL_CTX_set_default_passwd_cb(context, vw_ssl_no_passphrase);
}

// HTTP/1.1 for a client that offers it; others go on without, RFC 7301.
static inline int vw_ssl_choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                                         const unsigned char *offered, unsigned int count, void *context) {
    static const unsigned char spoken[] = "\x08http/1.1";
    return SSL_select_next_proto((unsigned char **)chosen, length, spoken, sizeof spoken - 1, offered, count)
                == OPENSSL_NPN_NEGOTIATED
            ? SSL_TLSEXT_ERR_OK
            : SSL_TLSEXT_ERR_NOACK;
}

static inline void vw_ssl_speak_http1(SSL_CTX *context) {
    SSL_CTX_set_alpn_select_cb(context, vw_ssl_choose_protocol, NULL);
}

static inline int vw_ssl_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name) == 1; }

static inline int vw_ssl_error_reason(unsigned long error) { return ERR_GET_REASON(error); }
