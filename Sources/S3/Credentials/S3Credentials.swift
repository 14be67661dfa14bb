package import Platform

/// Where the keys come from. Keys in files and in the environment are read at each request, so rotating them needs no
/// restart; those of a session are renewed before it ends.
package enum S3Credentials: Sendable, Hashable {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    case environment
    /// Each in the configuration or in a file of its own.
    case keys(accessKeyID: Secret, secretAccessKey: Secret, sessionToken: Secret?)
    /// Files `access_key_id`, `secret_access_key` and optionally `session_token` in a directory, such as systemd's
    /// `$CREDENTIALS_DIRECTORY`.
    case directory(String)
    /// A public bucket.
    case anonymous
    /// The role of the EC2 instance, from its metadata service, version 2.
    case instance(InstanceOptions)
    /// A role assumed with the token of an identity provider, as Kubernetes provides to a pod (IRSA).
    case webIdentity(WebIdentityOptions)
    /// The role of the ECS task or the EKS pod (Pod Identity), from the agent that `AWS_CONTAINER_CREDENTIALS_FULL_URI`
    /// or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` names.
    case container
    /// A profile in the files that AWS' tools share.
    case profile(ProfileOptions)

    /// The metadata service of an EC2 instance.
    package struct InstanceOptions: Sendable, Hashable {
        /// The role's name; nil uses the instance's role. Default nil.
        package var role: String?
        /// nil: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, else `http://169.254.169.254`. Default nil.
        package var endpoint: String?

        /// The defaults.
        package init() {}
    }

    /// AssumeRoleWithWebIdentity.
    package struct WebIdentityOptions: Sendable, Hashable {
        /// nil: `AWS_ROLE_ARN`. Default nil.
        package var roleARN: String?
        /// Path of the token, read at each use; nil: `AWS_WEB_IDENTITY_TOKEN_FILE`. Default nil.
        package var tokenFile: String?
        /// nil: `AWS_ROLE_SESSION_NAME`, else `vaultwatch`. Default nil.
        package var sessionName: String?
        /// nil: AWS' endpoint in the bucket's region. Default nil.
        package var stsEndpoint: String?

        /// The defaults.
        package init() {}
    }

    /// A profile of `~/.aws/credentials` and `~/.aws/config`.
    package struct ProfileOptions: Sendable, Hashable {
        /// Such as `default`.
        package var name: String
        /// nil: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. Default nil.
        package var credentialsFile: String?
        /// nil: `AWS_CONFIG_FILE`, else `~/.aws/config`. Default nil.
        package var configFile: String?
        /// For a profile that assumes a role; nil: AWS' endpoint in the bucket's region. Default nil.
        package var stsEndpoint: String?

        /// The profile with that name in the usual files.
        package init(name: String) { self.name = name }
    }

    /// Whether the keys are those of a session, which expires.
    var isSession: Bool {
        switch self {
        case .instance, .webIdentity, .container, .profile: true
        case .environment, .keys, .directory, .anonymous: false
        }
    }
}
