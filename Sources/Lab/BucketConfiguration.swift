/// A simulated bucket's answers to requests about its configuration, by the request's name, such as `versioning`.
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
        /// 200 with a listing, as sent by servers that ignore unknown parameters.
        case listing
    }

    /// The answers; other requests are refused as not implemented.
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

    /// Gives every request the same answer.
    package mutating func answerAll(_ answer: Answer) { for question in answers.keys { answers[question] = answer } }

    /// The error codes for missing configurations.
    static let absences = [
        "object-lock": "ObjectLockConfigurationNotFoundError",
        "encryption": "ServerSideEncryptionConfigurationNotFoundError",
        "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration", "policyStatus": "NoSuchBucketPolicy",
        "lifecycle": "NoSuchLifecycleConfiguration",
    ]
}
