/// How a bucket is protected, as far as known: nil for facts that are unavailable because of missing permissions or
/// features.
package struct S3Posture: Sendable, Hashable {
    /// Whether a deleted or overwritten object keeps its older version.
    package var isVersioned: Bool?
    /// Whether deleting a version requires a second factor.
    package var needsMFADelete: Bool?
    /// Whether versions can be locked.
    package var hasObjectLock: Bool?
    /// How new versions are locked; nil if they are not, or if unknown.
    package var lockRetention: Retention?
    /// Whether the bucket encrypts objects by default.
    package var isEncrypted: Bool?
    /// Whether all four blocks of public access are on.
    package var blocksPublicAccess: Bool?
    /// Whether its policy makes it public.
    package var isPublic: Bool?
    /// Enabled rules; nil if unknown, empty if there are none.
    package var lifecycle: [LifecycleRule]?
    /// Facts that were not answered, with the bucket's messages, for display.
    package var unknown: [String] = []

    /// The default of Object Lock.
    package struct Retention: Sendable, Hashable {
        /// `GOVERNANCE`, which privileged users may lift, or `COMPLIANCE`.
        package var mode: String
        /// A year counts as 365.
        package var days: Int

        /// - Parameter mode: `GOVERNANCE` or `COMPLIANCE`.
        package init(mode: String, days: Int) {
            self.mode = mode
            self.days = days
        }
    }

    /// An enabled lifecycle rule.
    package struct LifecycleRule: Sendable, Hashable {
        /// Prefix of the keys that it applies to; empty for all.
        package var prefix: String
        /// Whether tags or sizes restrict it, so that it may not apply to a given object.
        package var isConditional: Bool
        /// Days after which it deletes objects, or hides them in a bucket with versioning; nil if it does not.
        package var expirationDays: Int?
        /// Whether it aborts uploads that were never completed.
        package var abortsUploads: Bool

        /// One rule.
        package init(
            prefix: String, isConditional: Bool = false, expirationDays: Int? = nil, abortsUploads: Bool = false
        ) {
            self.prefix = prefix
            self.isConditional = isConditional
            self.expirationDays = expirationDays
            self.abortsUploads = abortsUploads
        }
    }

    /// Nothing known.
    package init() {}

    /// Days after which the first lifecycle rule deletes objects below a prefix; nil for never, or if unknown.
    package func expirationDays(below prefix: String) -> Int? {
        lifecycle?.filter { !$0.isConditional && prefix.hasPrefix($0.prefix) }.compactMap(\.expirationDays).min()
    }
}

/// The requests about a bucket's protection. Sources: Amazon S3 API Reference, GetBucketVersioning,
/// GetObjectLockConfiguration, GetBucketEncryption, GetPublicAccessBlock, GetBucketPolicyStatus,
/// GetBucketLifecycleConfiguration.
enum PostureQuestion: String, CaseIterable {
    case versioning, encryption, lifecycle, publicAccessBlock, policyStatus
    case objectLock = "object-lock"

    /// The root element of its answer: some servers return a listing for unknown requests.
    var root: String {
        switch self {
        case .versioning: "VersioningConfiguration"
        case .encryption: "ServerSideEncryptionConfiguration"
        case .lifecycle: "LifecycleConfiguration"
        case .publicAccessBlock: "PublicAccessBlockConfiguration"
        case .policyStatus: "PolicyStatus"
        case .objectLock: "ObjectLockConfiguration"
        }
    }

    /// The error code that means that there is no such configuration, which is an answer.
    var absence: String? {
        switch self {
        case .versioning: nil
        case .encryption: "ServerSideEncryptionConfigurationNotFoundError"
        case .lifecycle: "NoSuchLifecycleConfiguration"
        case .publicAccessBlock: "NoSuchPublicAccessBlockConfiguration"
        case .policyStatus: "NoSuchBucketPolicy"
        case .objectLock: "ObjectLockConfigurationNotFoundError"
        }
    }

    /// Applies an answer.
    /// - Parameter page: nil if there is no such configuration.
    func read(_ page: XMLElement?, into posture: inout S3Posture) {
        switch self {
        case .versioning:
            posture.isVersioned = page?["Status"] == "Enabled"
            posture.needsMFADelete = page?["MfaDelete"] == "Enabled"
        case .encryption:
            posture.isEncrypted =
                page?.child("Rule")?.child("ApplyServerSideEncryptionByDefault")?["SSEAlgorithm"] != nil
        case .publicAccessBlock:
            posture.blocksPublicAccess = [
                "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets",
            ]
            .allSatisfy { page?[$0]?.lowercased() == "true" }
        case .policyStatus: posture.isPublic = page?["IsPublic"]?.lowercased() == "true"
        case .objectLock:
            posture.hasObjectLock = page?["ObjectLockEnabled"] == "Enabled"
            let retention = page?.child("Rule")?.child("DefaultRetention")
            let years = retention?["Years"].flatMap { UInt16($0) }.map { Int($0) * 365 }
            if let mode = retention?["Mode"], ["GOVERNANCE", "COMPLIANCE"].contains(mode),
                let days = years ?? retention?["Days"].flatMap({ UInt16($0) }).map({ Int($0) })
            {
                posture.lockRetention = S3Posture.Retention(mode: mode, days: days)
            }
        case .lifecycle: posture.lifecycle = (page?.all("Rule") ?? []).prefix(1000).compactMap(PostureQuestion.rule)
        }
    }

    private static func rule(_ rule: XMLElement) -> S3Posture.LifecycleRule? {
        guard rule["Status"] == "Enabled" else { return nil }
        let filter = rule.child("Filter")
        let both = filter?.child("And")
        // Before filters existed the prefix was in the rule itself.
        let prefix = both?["Prefix"] ?? filter?["Prefix"] ?? rule["Prefix"] ?? ""
        let narrowing = ["Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"]
        return S3Posture.LifecycleRule(
            prefix: prefix,
            isConditional: narrowing.contains { filter?.child($0) != nil || both?.child($0) != nil },
            expirationDays: rule.child("Expiration")?["Days"].flatMap { UInt32($0) }.map { Int($0) },
            abortsUploads: rule.child("AbortIncompleteMultipartUpload") != nil)
    }
}

extension S3Client {
    /// Requests how the bucket is protected. A request that is refused, or not supported, leaves its fact unknown.
    /// - Throws: `S3Error` if there is no answer at all, or none to these requests.
    package func posture() async throws(S3Error) -> S3Posture {
        var posture = S3Posture()
        for question in PostureQuestion.allCases {
            do throws(S3Error) {
                let page = try await ask([(question.rawValue, "")])
                if page.name == question.root {
                    question.read(page, into: &posture)
                } else {
                    posture.unknown.append("\(question.rawValue): the answer is for another request")
                }
            } catch {
                if let absence = question.absence, error.code == absence {
                    question.read(nil, into: &posture)
                    continue
                }
                switch error.reason {
                case .transport, .noCredentials, .credentials, .clockSkew, .wrongRegion, .noSuchBucket, .throttled:
                    throw error
                default: break
                }
                posture.unknown.append(
                    "\(question.rawValue): \(error.code?.prefix(60).description ?? error.status.map { "\($0)" } ?? "no answer")"
                )
            }
        }
        return posture
    }
}
