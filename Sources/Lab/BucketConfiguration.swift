/// What a simulated bucket answers to questions about its configuration, by the question's name, as `versioning`.
/// Source: Amazon S3 API Reference, GetBucketVersioning, GetObjectLockConfiguration, GetBucketEncryption,
/// GetPublicAccessBlock, GetBucketPolicyStatus, GetBucketLifecycleConfiguration.
package struct BucketConfiguration: Sendable {
    /// One answer.
    package enum Answer: Hashable, Sendable {
        /// 200 with this document.
        case document(String)
        /// 404: there is no such configuration.
        case absent
        /// 403.
        case denied
        /// 501.
        case notImplemented
        /// 200 with a listing, as servers answer that overlook what they do not know.
        case listing
    }

    /// The answers; what is not among them is refused as not implemented.
    package var answers: [String: Answer] = [
        "versioning": .document("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        "object-lock": .document(
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
        ),
        "encryption": .document(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
        ),
        "publicAccessBlock": .document(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        ),
        "policyStatus": .absent, "lifecycle": .absent,
    ]

    /// Gives each question the same answer.
    package mutating func answerAll(_ answer: Answer) { for question in answers.keys { answers[question] = answer } }

    /// The error codes for what is not configured.
    static let absences = [
        "object-lock": "ObjectLockConfigurationNotFoundError",
        "encryption": "ServerSideEncryptionConfigurationNotFoundError",
        "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration", "policyStatus": "NoSuchBucketPolicy",
        "lifecycle": "NoSuchLifecycleConfiguration",
    ]
}
