import FoundationEssentials
import Transport

/// sys/seal-status. Source: Vault API documentation, /sys/seal-status.
struct StagingSealStatus: Decodable, Sendable, Hashable {
    var type: String?
    var initialized: Bool
    var sealed: Bool
    /// The number of keys needed.
    var t: Int
    /// The number of keys.
    var n: Int
    var progress: Int
    var storageType: String?

    enum CodingKeys: String, CodingKey {
        case type, initialized, sealed, t, n, progress
        case storageType = "storage_type"
    }
}

/// sys/health: what matters is the status. Source: Vault API documentation, /sys/health.
struct StagingHealth: Sendable, Hashable {
    var status: Int
    var clusterID: String?
    var version: String?
}

/// sys/leader. Source: Vault API documentation, /sys/leader.
struct StagingLeader: Decodable, Sendable, Hashable {
    var haEnabled: Bool
    var isSelf: Bool
    var leaderAddress: String

    enum CodingKeys: String, CodingKey {
        case haEnabled = "ha_enabled"
        case isSelf = "is_self"
        case leaderAddress = "leader_address"
    }

    /// OpenBao leaves out what is empty.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        haEnabled = try container.decodeIfPresent(Bool.self, forKey: .haEnabled) ?? false
        isSelf = try container.decodeIfPresent(Bool.self, forKey: .isSelf) ?? false
        leaderAddress = try container.decodeIfPresent(String.self, forKey: .leaderAddress) ?? ""
    }

    init(haEnabled: Bool, isSelf: Bool, leaderAddress: String = "") {
        self.haEnabled = haEnabled
        self.isSelf = isSelf
        self.leaderAddress = leaderAddress
    }
}

/// What a request to the staging Vault came to.
enum StagingAnswer<Value: Sendable>: Sendable {
    /// The expected answer.
    case value(Value)
    /// Another status, with Vault's words.
    case status(Int, String)
    /// None in time, or no connection.
    case silent(String)
}

extension StagingAnswer: Equatable where Value: Equatable {}

extension HTTPResponse {
    func decoded<Value: Decodable>(_ type: Value.Type) -> Value? {
        try? JSONDecoder().decode(type, from: Data(body))
    }
}
