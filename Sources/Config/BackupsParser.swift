import Platform
package import Probes
package import S3
import Samples
import TimeZones
package import YAML

extension TargetParser {
    /// Parses `backups`: buckets, each with its sets.
    func backups(_ nodes: [Node]) -> [BackupBucketOptions] {
        var names: Set<String> = []
        return nodes.compactMap { bucket($0, &names) }
    }

    private func bucket(_ node: Node, _ names: inout Set<String>) -> BackupBucketOptions? {
        var fields = Fields(node, errors, "a backup bucket")
        var options = store(&fields)
        let bucket = options.bucket
        let verification = verification(fields.node("verification"))
        options.objectTimeout = verification.timeout
        let interval = context.duration(&fields, "poll_interval")
        let timeout = context.duration(&fields, "timeout")
        let sets = fields.list("sets").compactMap { node -> BackupSetOptions? in
            var set = set(node, verification, interval: interval, timeout: timeout, &names)
            set?.bucket = bucket
            set?.endpoint = options.endpoint ?? ""
            return set
        }
        // A listing that retries until its time is up would report "timeout" instead of the store's error.
        if let shortest = sets.map(\.timeout).min() { options.patience = min(options.patience, shortest / 3) }
        if sets.isEmpty {
            errors.add(node.position, "bucket \"\(bucket)\" has no sets; expected a list of name, prefix, period")
        }
        fields.finish()
        return BackupBucketOptions(store: options, sets: BackupBucketOptions.coveringEachOther(sets))
    }

    /// Reads a bucket and how to access it: `bucket`, `region`, `endpoint`, `path_style`, TLS and credentials.
    package func store(_ fields: inout Fields) -> S3Options {
        let bucket = fields.requiredString("bucket") ?? ""
        var options = S3Options(bucket: bucket)
        if let region = fields.string("region") { options.region = region }
        options.endpoint = context.url(&fields, "endpoint")
        options.pathStyle =
            fields.bool("path_style") ?? S3Options.prefersPathStyle(bucket, endpoint: options.endpoint)
        options.tls = tls(&fields)
        options.isRequesterPaying = fields.choice("request_payer", RequestPayer.self) == .requester
        options.credentials = credentials(&fields)
        return options
    }

    /// Source: Amazon S3 API Reference, x-amz-request-payer.
    private enum RequestPayer: String, CaseIterable {
        case requester
    }

    /// The sources of a bucket's keys; the value of `source`.
    private enum CredentialSource: String, CaseIterable {
        case `static`, environment, instance, container, profile
        case webIdentity = "web_identity"
    }

    /// `credentials` with its source, otherwise the keys given next to the bucket's name.
    private func credentials(_ fields: inout Fields) -> S3Credentials {
        guard let node = fields.node("credentials") else { return staticCredentials(&fields) }
        for key in ["access_key_id", "secret_access_key", "session_token"].flatMap({ [$0, $0 + "_file"] })
            + ["credentials_directory", "anonymous"]
        where fields.node(key) != nil {
            errors.add(fields.position(of: key), "both \"credentials\" and \"\(key)\" are given; keep one")
        }
        var own = Fields(node, errors, "credentials")
        defer { own.finish() }
        guard own.required("source") != nil, let source = own.choice("source", CredentialSource.self) else {
            return .environment
        }
        switch source {
        case .static: return staticCredentials(&own)
        case .environment: return environmentCredentials(own.position)
        case .container: return .container
        case .instance:
            var options = S3Credentials.InstanceOptions()
            options.role = own.string("role")
            options.endpoint = context.url(&own, "endpoint")
            return .instance(options)
        case .webIdentity:
            var options = S3Credentials.WebIdentityOptions()
            options.roleARN = own.string("role_arn")
            options.tokenFile = context.readableFile(&own, "token_file")
            options.sessionName = own.string("session_name")
            options.stsEndpoint = tokenService(&own)
            return .webIdentity(options)
        case .profile:
            var options = S3Credentials.ProfileOptions(name: own.string("profile") ?? "default")
            options.credentialsFile = context.readableFile(&own, "credentials_file")
            options.configFile = context.readableFile(&own, "config_file")
            options.stsEndpoint = tokenService(&own)
            return .profile(options)
        }
    }

    /// The token used to assume a role is as sensitive as the role's keys.
    private func tokenService(_ fields: inout Fields) -> String? {
        let url = context.url(&fields, "sts_endpoint")
        if let url, Plaintext.isExposed(url) {
            errors.add(
                fields.position(of: "sts_endpoint"),
                "sts_endpoint: the token would go over the network unencrypted; expected https://")
        }
        return url
    }

    private func staticCredentials(_ fields: inout Fields) -> S3Credentials {
        let id = context.secret(&fields, "access_key_id")
        let key = context.secret(&fields, "secret_access_key")
        let token = context.secret(&fields, "session_token")
        let directory = fields.node("credentials_directory").flatMap { node in
            node.scalar.map { context.path($0, at: node.position) }
        }
        let anonymous = fields.bool("anonymous") ?? false
        if let id, let key { return .keys(accessKeyID: id, secretAccessKey: key, sessionToken: token) }
        if id != nil || key != nil {
            errors.add(
                fields.position,
                "access_key_id and secret_access_key belong together; expected both (or the keys with _file), or neither"
            )
        }
        if let directory { return .directory(directory) }
        if anonymous { return .anonymous }
        guard id == nil, key == nil else { return .environment }
        return environmentCredentials(fields.position)
    }

    private func environmentCredentials(_ position: SourcePosition) -> S3Credentials {
        if context.environment["AWS_ACCESS_KEY_ID"] == nil || context.environment["AWS_SECRET_ACCESS_KEY"] == nil {
            errors.add(
                position,
                "no credentials: expected access_key_id_file and secret_access_key_file, credentials_directory, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or credentials with a source: instance, web_identity, container, profile"
            )
        }
        return .environment
    }

    /// Parses `verification`: how the content of the newest backup is verified.
    private func verification(_ node: Node?) -> BackupVerification {
        var options = BackupVerification()
        guard let node else { return options }
        var fields = Fields(node, errors, "verification")
        options.isEnabled = fields.bool("enabled") ?? options.isEnabled
        encryptionKeys(&fields, &options)
        if let limit = context.bytes(&fields, "limit_bytes") { options.limitBytes = limit }
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        if let interval = context.duration(&fields, "repeat_interval") { options.repeatInterval = interval }
        fields.finish()
        return options
    }

    /// Parses `encryption_key`, `encryption_key_file` or, the newest first, `encryption_key_files`.
    private func encryptionKeys(_ fields: inout Fields, _ options: inout BackupVerification) {
        func check(_ key: Secret, at position: SourcePosition) {
            if let text = try? key.reveal(context.files), BackupVerification.keyBytes(text) == nil {
                errors.add(position, "not an AES-256 key; expected 64 hexadecimal digits, or 32 bytes in Base64")
            }
            options.encryptionKeys.append(key)
        }
        let single = context.secret(&fields, "encryption_key")
        if let single {
            check(single, at: fields.position(of: single.path == nil ? "encryption_key" : "encryption_key_file"))
        }
        let files = fields.list("encryption_key_files")
        if single != nil, !files.isEmpty {
            errors.add(
                fields.position(of: "encryption_key_files"),
                "a single encryption key is given too; expected all keys in encryption_key_files, the newest first")
        }
        if files.count > BackupVerification.keyLimit {
            errors.add(
                fields.position(of: "encryption_key_files"),
                "\(files.count) keys; expected \(BackupVerification.keyLimit) at most, those of backups that still exist"
            )
        }
        for node in files.prefix(BackupVerification.keyLimit) {
            guard let path = context.readableFile(node, "encryption_key_files") else { continue }
            check(Secret(file: path), at: node.position)
        }
    }

    /// Parses `records`: paths of the files of backup runs, restore tests and drills. They need not exist yet.
    func records(_ nodes: [Node]) -> RecordOptions? {
        let paths = nodes.compactMap { node -> String? in
            guard let text = node.scalar else {
                errors.add(node.position, "records: expected a path, found \(node.kind)")
                return nil
            }
            return context.path(text, at: node.position)
        }
        return paths.isEmpty ? nil : RecordOptions(paths: paths)
    }

    private func set(
        _ node: Node, _ verification: BackupVerification, interval: Duration?, timeout: Duration?,
        _ names: inout Set<String>
    ) -> BackupSetOptions? {
        var fields = Fields(node, errors, "a backup set")
        var options = set(&fields, &names)
        options.alsoCovering = fields.strings("also_covering")
        options.verification = verification
        if let interval { options.interval = interval }
        if let timeout { options.timeout = timeout }
        fields.finish()
        return options
    }

    /// Reads what the daemon and the backup commands both need of a set: `name`, `prefix`, `period` or `schedule`, `time`,
    /// `grace`, `retention`.
    /// - Parameter names: of the sets so far.
    package func set(_ fields: inout Fields, _ names: inout Set<String>) -> BackupSetOptions {
        let node = fields.node
        let name = fields.requiredString("name") ?? ""
        checkUnique(name, "backup set", at: node.position, &names)
        let prefix = fields.requiredString("prefix") ?? ""
        let schedule = schedule(&fields)
        let retention = fields.integer("retention", in: 1...10_000)
        if let schedule, schedule.defaultRetention == nil, retention == nil, fields.node("retention") == nil {
            errors.add(
                node.position, "backup set \"\(name)\" needs \"retention\": how many backups are kept, such as 48")
        }
        var options = BackupSetOptions(name: name, prefix: prefix, schedule: schedule ?? .day, retention: retention)
        if let grace = context.duration(&fields, "grace") { options.grace = grace }
        let time = fields.parsed("time", expected: "a time of day in UTC such as 02:00", TargetParser.timeOfDay)
        switch schedule {
        case .every, .cron:
            if fields.node("time") != nil {
                errors.add(
                    fields.position(of: "time"),
                    "time belongs to a daily, weekly or monthly period; leave it out, or write schedule: with a cron expression"
                )
            }
        case .day, .week, .month, nil: if let time { options.timeOfDay = time }
        }
        return options
    }

    /// Parses `period` with `weekday`, or `schedule` with `time_zone`; exactly one of them. Nil after an error.
    private func schedule(_ fields: inout Fields) -> BackupSchedule? {
        let weekday = fields.parsed("weekday", expected: BackupSetOptions.weekdays.joined(separator: ", ")) { text in
            BackupSetOptions.weekdays.firstIndex(of: text.lowercased())
        }
        let period = fields.parsed(
            "period", expected: "hourly, daily, weekly, monthly or a duration from 5m to 1y such as 6h",
            TargetParser.period)
        let zone = zone(&fields)
        let cron = cron(&fields, zone ?? .utc)
        let (hasPeriod, hasCron) = (fields.node("period") != nil, fields.node("schedule") != nil)
        if hasPeriod == hasCron {
            errors.add(
                fields.position,
                hasPeriod
                    ? "both period and schedule are given; keep one"
                    : "a backup set needs \"period\": hourly, daily, weekly, monthly or a duration such as 6h; or \"schedule\": a cron expression such as 30 2 * * 1-5"
            )
        }
        if hasPeriod, !hasCron, fields.node("time_zone") != nil {
            errors.add(
                fields.position(of: "time_zone"),
                "time_zone belongs to schedule, since a period is one of UTC; write schedule: '0 2 * * *' in place of period: daily"
            )
        }
        if fields.node("weekday") != nil {
            if case .week = period { return .week(from: weekday ?? 0) }
            errors.add(fields.position(of: "weekday"), "weekday belongs to period: weekly; leave it out")
        }
        return cron.map { .cron($0) } ?? period
    }

    private func zone(_ fields: inout Fields) -> TimeZoneData? {
        guard let node = fields.node("time_zone") else { return nil }
        do throws(TimeZoneError) {
            return try TimeZoneData.named(node.scalar ?? "?", context.files)
        } catch {
            errors.add(node.position, "time_zone: \(error)")
            return nil
        }
    }

    private func cron(_ fields: inout Fields, _ zone: TimeZoneData) -> CronSchedule? {
        guard let node = fields.node("schedule") else { return nil }
        guard let text = node.scalar else {
            errors.add(node.position, "schedule: expected a cron expression such as 30 2 * * 1-5, found \(node.kind)")
            return nil
        }
        do throws(CronError) {
            let cron = try CronSchedule(text, zone: zone)
            if cron.shortestInterval >= BackupSchedule.shortest { return cron }
            errors.add(
                node.position,
                "schedule: \(cron.shortestInterval.prometheusDescription) between two backups; expected 5m or more, since the bucket is listed once a minute"
            )
        } catch {
            errors.add(node.position, "schedule: \(error)")
        }
        return nil
    }

    private static func period(_ text: String) -> BackupSchedule? {
        switch text {
        case "hourly", "hour": return .every(.seconds(3600))
        case "daily", "day": return .day
        case "weekly", "week": return .week(from: 0)
        case "monthly", "month": return .month
        default:
            guard let length = Duration(prometheus: text), length >= BackupSchedule.shortest,
                length <= .seconds(366 * 86_400)
            else { return nil }
            return .every(length)
        }
    }

    private static func timeOfDay(_ text: String) -> Duration? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let hour = parts[0], let minute = parts[1], (0..<24).contains(hour),
            (0..<60).contains(minute)
        else { return nil }
        return .seconds(hour * 3600 + minute * 60)
    }
}

/// One bucket and the sets of backups in it.
package struct BackupBucketOptions: Sendable, Hashable {
    /// The bucket and how to access it.
    package var store: S3Options
    /// The sets of backups in it.
    package var sets: [BackupSetOptions]

    /// Lets the monthly sets of a bucket cover its daily sets if the configuration has no `also_covering`: on the 1st
    /// of a month only the monthly backup is made.
    static func coveringEachOther(_ sets: [BackupSetOptions]) -> [BackupSetOptions] {
        let monthly = sets.filter { $0.schedule == .month }.map(\.prefix)
        return sets.map { set in
            guard set.schedule == .day, set.alsoCovering.isEmpty else { return set }
            var covered = set
            covered.alsoCovering = monthly
            return covered
        }
    }
}
