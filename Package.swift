// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in CI; a developer's half-written file still builds.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + strict

// The stages are optimised in debug builds too, so that tests can have thousands of simulated days; for a debugger that sees every
// variable build with VAULTWATCH_DEBUG=1.
let optimised: [SwiftSetting] =
    Context.environment["VAULTWATCH_DEBUG"] == nil ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func stage(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings + optimised)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]

// The targets stand in the order of the pipeline; Sources/README.md draws it,
// and TidyTests holds who may import whom.
let package = Package(
    name: "vaultwatch",
    products: [
        .executable(name: "vaultwatch", targets: ["vaultwatch"]),
        // Loaded by a test into the program, whose wall clock it steps.
        .library(name: "SteppedClock", type: .dynamic, targets: ["SteppedClock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    ],
    targets: [
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),
        system("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),

        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        stage("Samples", ["CRE2"]),
        stage("Platform", ["Samples", logging]),
        stage("YAML", ["Samples", "CYAML"]),
        stage("Exposition", ["Samples"]),
        stage("Telemetry", ["Samples", "Exposition"]),
        stage("Transport", ["Samples", "Platform", "CCurl", "CPostgres"]),
        stage("S3", ["Samples", "Platform", "Transport"]),
        stage(
            "Probes", ["Samples", "Platform", "Exposition", "Transport", "CCrypto", logging], exclude: ["README.md"]),
        stage("Store", ["Samples", "Telemetry"]),
        stage("PromQL", ["Samples"]),
        stage("GoTemplate", ["Samples"]),
        stage("Alerts", ["Samples"]),
        stage("Rules", ["Samples", "YAML", "PromQL", "GoTemplate", "Alerts", "Platform", "Telemetry"]),
        stage("Dispatching", ["Samples", "Alerts", "Platform", "Telemetry"]),
        stage(
            "Delivery", ["Samples", "Alerts", "GoTemplate", "Platform", "Telemetry", "Transport", "CCrypto", logging]),
        stage("Journal", ["Samples", "Alerts", "Platform", "CSQLite"]),
        stage("Web", ["Samples", "Exposition", "Alerts", "Dispatching", "Platform", "Telemetry", "CZlib"] + nio),
        stage("Supervision", ["Samples", "Platform", "CSystemd"]),
        stage("Simulation", ["Samples", "Platform", "Transport", logging]),
        stage("LocalServers", ["Platform"]),
        stage("Lab", ["Samples", "Platform", "LocalServers", "CCrypto"] + nio),
        stage(
            "Config",
            ["Samples", "YAML", "Platform", "Transport", "S3", "Probes", "Store", "Alerts", "Dispatching", "Delivery"]),
        stage(
            "Agent",
            [
                "Samples", "Platform", "YAML", "Exposition", "Telemetry", "Transport", "S3", "Probes", "Store",
                "PromQL", "GoTemplate", "Alerts",
                "Rules", "Dispatching", "Delivery", "Journal", "Web", "Supervision", "Config",
            ] + [logging]),
        .executableTarget(
            name: "vaultwatch",
            dependencies: [
                "Samples", "Platform", "YAML", "Exposition", "Telemetry", "Transport", "S3", "Probes", "Store",
                "PromQL", "GoTemplate",
                "Alerts", "Rules", "Dispatching", "Delivery", "Journal", "Web", "Supervision", "Config", "Agent", "Lab",
                "LocalServers",
                logging, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "LocalServers", "Lab", "Transport", "Platform", "Samples", "Store", "Telemetry", "PromQL", logging,
            ],
            path: "Tests/Benchmarks", exclude: ["README.md"], swiftSettings: settings),

        .target(name: "SteppedClock", path: "Tests/SteppedClock", linkerSettings: [.linkedLibrary("dl")]),
        tests("Samples", ["Samples"]),
        tests("Platform", ["Platform", "Samples", logging]),
        tests("YAML", ["YAML"]),
        tests("Exposition", ["Exposition", "Samples"], exclude: ["Recordings"]),
        tests("Telemetry", ["Telemetry", "Exposition", "Samples"]),
        tests("Transport", ["Transport", "Simulation", "S3", "LocalServers", "Platform", "Samples", logging]),
        tests("S3", ["S3", "Transport", "LocalServers", "Platform", "Samples", logging]),
        tests(
            "Probes",
            [
                "Probes", "Simulation", "Exposition", "Telemetry", "S3", "Transport", "LocalServers", "Platform",
                "Samples", logging,
            ], exclude: ["Recordings"]),
        tests("Store", ["Store", "Telemetry", "Exposition", "Samples"]),
        tests("PromQL", ["PromQL", "Samples", "YAML"], exclude: ["Conformance"]),
        tests("GoTemplate", ["GoTemplate", "Samples"]),
        tests("Rules", ["Rules", "PromQL", "GoTemplate", "Alerts", "Platform", "Samples", "YAML", "Telemetry"]),
        tests("Dispatching", ["Dispatching", "Alerts", "Platform", "Samples"]),
        tests(
            "Delivery",
            [
                "Delivery", "Alerts", "GoTemplate", "Platform", "Samples", "Simulation", "Telemetry", "Transport",
                "LocalServers", logging,
            ]),
        tests("Journal", ["Journal", "Alerts", "Platform", "Samples", "CSQLite"]),
        tests(
            "Web",
            [
                "Web", "Exposition", "Alerts", "PromQL", "Dispatching", "Platform", "Samples", "Telemetry",
                "LocalServers", logging,
            ] + nio),
        tests("Supervision", ["Supervision", "Platform", "Samples"]),
        tests("LocalServers", ["LocalServers", "Platform"]),
        tests("Lab", ["Lab", "LocalServers", "Platform", "Samples", logging], exclude: ["Recordings"]),
        tests(
            "Config",
            [
                "Config", "Simulation", "Delivery", "Dispatching", "Probes", "Alerts", "YAML", "Platform", "Samples",
                "S3", "Transport", "Store",
            ]),
        tests(
            "Agent",
            [
                "Agent", "Alerts", "Config", "Dispatching", "Exposition", "Journal", "Platform", "Probes", "PromQL",
                "Rules", "Samples", "Simulation", "Store", "Telemetry", "Web", "YAML", logging,
            ]),
        tests(
            "Integration",
            [
                "Agent", "Simulation", "Lab", "LocalServers", "Platform", "Supervision", "Transport", "vaultwatch",
                logging,
            ], exclude: ["Alertmanager/README.md"]),
        tests(
            "Simulation",
            [
                "Simulation", "Agent", "Config", "Rules", "Dispatching", "Delivery", "Journal", "Store", "Alerts",
                "Telemetry", "Transport", "YAML",
                "Platform", "Samples", logging,
            ]),
        tests("Tidy", []),
    ],
    cxxLanguageStandard: .cxx17
)
