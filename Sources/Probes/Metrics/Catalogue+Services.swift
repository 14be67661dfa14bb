// One entry for each metric, in the order of the table in README.md; a test compares the two.

import Exposition

extension Catalogue {
    static let services: [Entry] = [
        Entry(
            "service_info", .gauge,
            ["service", "kind", "address", "severity"],
            "1; where the service is asked, and how grave it is when it is down, from the configuration: critical, high"
        ),
        Entry(
            "service_up", .gauge,
            ["service", "kind"],
            "1 when the service answered in its protocol, whatever the answer; of the DNS when a name server answered with records or with none, 0 when not",
            isState: true),
        Entry(
            "service_as_expected", .gauge,
            ["service", "kind"],
            "1 when the answer is as expected: login, status, text, lines, records; absent while the service is down",
            isState: true),
        Entry(
            "service_failure", .gauge,
            ["service", "kind", "reason"],
            "1, present only while the service is down or answers something else: dns, connect, unreachable, tls, timeout, hung (it takes connections and does not answer), http, body, reset, auth (the login is refused), status, text (of the body, or a line that is expected), record, rcode (no name server answers with records), configuration, other",
            isState: true),
        Entry(
            "service_consecutive_failures", .gauge,
            ["service", "kind"],
            "Failed probes since the last one that found all as expected; a failure is followed by further probes at once until there are three",
            isState: true),
        Entry(
            "service_probe_duration_seconds", .gauge,
            ["service", "kind", "phase"],
            "Duration of the last probe by phase: resolve, connect, tls (with STARTTLS: and the greeting), processing, transfer; absent while down"
        ),
        Entry(
            "service_last_duration_seconds", .gauge,
            ["service", "kind"],
            "Total duration of the last probe; absent while down"),
        Entry(
            "service_request_duration_seconds", .histogram,
            ["service", "kind"],
            "Total duration of the probes that got an answer"),
        Entry(
            "service_certificate_expiry_timestamp_seconds", .gauge,
            ["service", "kind"],
            "Unix time of the earliest expiry in the chain that verifies the service's certificate; TLS only"),
        Entry(
            "service_certificate_lifetime_seconds", .gauge,
            ["service", "kind"],
            "Time from the start of the service's certificate's validity to that expiry; TLS only"),
        Entry(
            "service_http_status", .gauge,
            ["service", "kind"],
            "HTTP: the status of the answer; absent while down", isState: true),
        Entry(
            "service_smtp_reply_code", .gauge,
            ["service", "kind"],
            "Mail submission: the reply code to the last command, 2xx when all was accepted; absent while there is no reply",
            isState: true),
        Entry(
            "service_dns_server_up", .gauge,
            ["service", "kind", "name_server"],
            "DNS: 1 when the name server answered every question, with records or with none; 0 when it was silent, failed or refused",
            isState: true),
        Entry(
            "service_dns_rcode", .gauge,
            ["service", "kind", "name_server", "record", "type"],
            "DNS: the response code: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED …; absent while there is no answer",
            isState: true),
        Entry(
            "service_dns_record_matches", .gauge,
            ["service", "kind", "name_server", "record", "type"],
            "DNS: 1 when the records are those that are expected; absent while the answer does not say", isState: true),
        Entry(
            "service_dns_records_missing", .gauge,
            ["service", "kind", "name_server", "record", "type"],
            "DNS: expected records that the answer lacks", isState: true),
        Entry(
            "service_dns_records_unexpected", .gauge,
            ["service", "kind", "name_server", "record", "type"],
            "DNS: records of the answer that are not expected", isState: true),
        Entry(
            "service_dns_record_ttl_seconds", .gauge,
            ["service", "kind", "name_server", "record", "type"],
            "DNS: shortest time to live of the records, as the name server tells it; a resolver's counts down"),
        Entry(
            "service_mail_returned", .gauge,
            ["service"],
            "1 when the last test mail whose fate is known came back in time, 0 when it did not, or was not accepted; absent before the first",
            isState: true),
        Entry(
            "service_mail_hook_up", .gauge,
            ["service"],
            "1 when the hook, asked last, said whether the test mail is there, 0 when it gave no answer; absent until it was asked",
            isState: true),
        Entry(
            "service_mail_sent_total", .counter,
            ["service"],
            "Number of test mails that the mail server accepted"),
        Entry(
            "service_mail_lost_total", .counter,
            ["service"],
            "Number of test mails that did not come back in time", isState: true),
        Entry(
            "service_mail_last_return_timestamp_seconds", .gauge,
            ["service"],
            "Unix time at which a test mail last came back; absent until one has"),
        Entry(
            "service_mail_last_return_duration_seconds", .gauge,
            ["service"],
            "How long that mail took to come back, to the hook's pace"),
    ]
}
