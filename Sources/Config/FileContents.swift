/// Describes what belongs in the files that a configuration names, for users who still have to create them.
enum FileContents {
    /// Phrases that end "put there: …", by the key under which the file is named.
    private static let phrases = [
        "token_file": "a Vault token with the policy of vault-policy.hcl",
        "role_id_file": "the role id of an AppRole",
        "secret_id_file": "a secret id of the AppRole",
        "password_file": "the password",
        "access_key_id_file": "the id of an access key with the policy of s3-read-only-policy.json",
        "secret_access_key_file": "the secret access key",
        "encryption_key_file": "the key of the backups, as 64 hexadecimal digits or in Base64",
        "encryption_key_files": "a key of the backups, as 64 hexadecimal digits or in Base64",
        "smtp_auth_password_file": "the password of the mail account",
        "auth_password_file": "the password of the mail account",
        "slack_api_url_file": "the URL of Slack's incoming webhook",
        "api_url_file": "the URL of Slack's incoming webhook",
        "routing_key_file": "the integration key of a PagerDuty service",
        "service_key_file": "the integration key of a PagerDuty service",
        "ca_file": "the certificate of the authority, in PEM",
    ]

    static func phrase(for key: String) -> String? { phrases[key] }
}
