import Samples

/// The options of a simulated estate.
package struct EstateOptions: Sendable {
    /// The transport security of the nodes.
    package enum Security: Hashable, Sendable {
        /// Plain HTTP.
        case http
        /// HTTPS with a valid certificate.
        case https
        /// HTTPS; the certificates of the given nodes expired yesterday.
        case expired(Set<String>)
        /// HTTPS; the certificates of the given nodes are for another host.
        case wrongHost(Set<String>)
    }

    /// The names of the Vault nodes. Default: three.
    package var nodes = ["vault-1", "vault-2", "vault-3"]
    /// Default: HTTPS.
    package var security = Security.https
    /// The options of the Vault cluster.
    package var cluster = SimulatedVaultCluster.Options()
    /// PostgreSQL servers, or none. Default: a primary and a replica.
    package var postgres: LocalPostgres.Options? = LocalPostgres.Options()
    /// Whether each node writes an audit log, to a file. Default: no.
    package var auditLogs = false
    /// Whether the mail server offers STARTTLS with a certificate of the estate's authority. Default: yes.
    package var mailTLS = true
    /// A Vault for restore tests, or none. Default: none.
    package var staging: StagingVault.Options?

    /// The defaults.
    package init() {}
}

/// The addresses and credentials of an estate. Secrets are in files that only this account can read.
package struct EstateEndpoints: Hashable, Sendable {
    /// A Vault node.
    package struct Node: Hashable, Sendable {
        /// Its name.
        package let name: String
        /// Its API address.
        package let url: String
        /// The file of its audit log; nil without one.
        package var auditLog: String?
    }

    /// A PostgreSQL server.
    package struct Database: Hashable, Sendable {
        /// `primary` or `replica`.
        package let name: String
        /// Its address.
        package let host: String
        /// Its port.
        package let port: UInt16
        /// The name of Vault's database.
        package let database: String
        /// The role for vaultwatch.
        package let user: String
        /// A file with the password of the role.
        package let passwordFile: String
    }

    /// What is watched beside Vault.
    package struct Services: Hashable, Sendable {
        /// The address of the mail server that is watched: `127.0.0.1:port`. It accepts any user and password.
        package let mail: String
        /// Whether it offers STARTTLS.
        package let isMailSecure: Bool
        /// A file with a password for it.
        package let mailPasswordFile: String
        /// The URL that says whether a test mail has arrived; `{token}` stands for the mail's.
        package let mailHook: String
        /// The URL of a website, which answers with the text `ready`.
        package let website: String
        /// The address of the name server of `example.org`: `127.0.0.1:port`.
        package let nameServer: String
    }

    /// The bucket of backups.
    package struct Bucket: Hashable, Sendable {
        /// The URL of the S3 API.
        package let endpoint: String
        /// The AWS region.
        package let region: String
        /// The bucket's name.
        package let name: String
        /// A file with the access key id.
        package let accessKeyFile: String
        /// A file with the secret access key.
        package let secretKeyFile: String
        /// A file with the AES-256 key: 64 hexadecimal digits.
        package let encryptionKeyFile: String
    }

    /// A Vault for restore tests.
    package struct Staging: Hashable, Sendable {
        /// Its address.
        package let url: String
        /// The base URL of the hooks: POST `…/start` and `…/stop`.
        package let hooksURL: String
        /// Files with as many unseal keys of the estate's cluster as it needs.
        package let unsealKeyFiles: [String]
        /// The server for scratch databases, with a role that may create them; nil without PostgreSQL.
        package let scratch: Database?
        /// The estate's database, with a role that may read all of it; nil without PostgreSQL.
        package let source: Database?
    }

    /// The name of the Vault cluster.
    package let clusterName: String
    /// The Vault nodes.
    package let nodes: [Node]
    /// The URL of the load balancer, which routes to the active node and answers with 503 without one.
    package let loadBalancer: String
    /// The certificate of the authority of nodes, load balancer and mail server; nil without TLS.
    package let caFile: String?
    /// A file with a token that has vaultwatch's policy.
    package let tokenFile: String
    /// A file with a token that may take snapshots.
    package let backupTokenFile: String
    /// A file with the AppRole's role id.
    package let roleIDFile: String
    /// A file with the AppRole's secret id.
    package let secretIDFile: String
    /// The path of the canary secret.
    package let canaryPath: String
    /// The PostgreSQL servers; empty without them.
    package let databases: [Database]
    /// The bucket of backups.
    package let bucket: Bucket
    /// The address of the mail server: `127.0.0.1:port`.
    package let mail: String
    /// The incoming webhook of Slack.
    package let slackURL: String
    /// A file with `slackURL`.
    package let slackURLFile: String
    /// The base URL of PagerDuty's Events API: POST `…/v2/enqueue`.
    package let pagerDutyURL: String
    /// A file with the routing key.
    package let pagerDutyKeyFile: String
    /// The URL of the webhook receiver.
    package let webhookURL: String
    /// What is watched beside Vault.
    package let services: Services
    /// The page that shows all messages.
    package let inboxURL: String
    /// The Vault for restore tests; nil without one.
    package let staging: Staging?
}
