import Samples

/// What a simulated estate has.
package struct EstateOptions: Sendable {
    /// How the nodes' certificates are.
    package enum Security: Hashable, Sendable {
        case http
        case https
        /// HTTPS with a certificate that ended yesterday, on the nodes named.
        case expired(Set<String>)
        /// HTTPS with a certificate for another host, on the nodes named.
        case wrongHost(Set<String>)
    }

    /// Names of the Vault nodes. Default: three.
    package var nodes = ["vault-1", "vault-2", "vault-3"]
    package var security = Security.https
    package var cluster = VaultCluster.Options()
    /// PostgreSQL servers, or none. Default: a primary and a replica.
    package var postgres: LocalPostgres.Options? = LocalPostgres.Options()
    /// The mail server offers STARTTLS, under the estate's authority. Default: yes.
    package var mailTLS = true

    package init() {}
}

/// Where everything of an estate is. Secrets stand in files that only this account reads.
package struct EstateEndpoints: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package let name: String
        package let url: String
    }

    package struct Database: Hashable, Sendable {
        package let name: String
        package let host: String
        package let port: UInt16
        package let database: String
        package let user: String
        package let passwordFile: String
    }

    package struct Bucket: Hashable, Sendable {
        package let endpoint: String
        package let region: String
        package let name: String
        package let accessKeyFile: String
        package let secretKeyFile: String
        /// 64 hexadecimal digits: AES-256.
        package let encryptionKeyFile: String
    }

    package let clusterName: String
    package let nodes: [Node]
    /// Hands each request to the active node; 503 without one.
    package let loadBalancer: String
    /// Trusts the nodes, the load balancer and the mail server; none without TLS.
    package let caFile: String?
    package let tokenFile: String
    package let roleIDFile: String
    package let secretIDFile: String
    package let canaryPath: String
    package let databases: [Database]
    package let bucket: Bucket
    /// `127.0.0.1:port`.
    package let mail: String
    package let slackURL: String
    package let slackURLFile: String
    /// The base of PagerDuty's events API: POST `…/v2/enqueue`.
    package let pagerDutyURL: String
    package let pagerDutyKeyFile: String
    package let webhookURL: String
    /// The page that shows all messages.
    package let inboxURL: String
}
