// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in CI; a developer's half-written file still builds.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strict

// The stages are optimised in debug builds too, so that tests can have thousands of simulated days; for a debugger that
// sees every variable build with VAULTWATCH_DEBUG=1.
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
]

// Needs libFuzzer, which `make fuzz` links.
let fuzzer: [Target] =
    Context.environment["VAULTWATCH_FUZZER"] == nil
    ? []
    : [
        .target(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzzing/Driver",
            swiftSettings: settings),
    ]

// What ThreadSanitizer must see of Swift's runtime; see Tests/ThreadSanitizer.
let threadSanitizer: [Target] =
    Context.environment["VAULTWATCH_TSAN"] == nil
    ? [] : [.target(name: "CThreadSanitizer", path: "Tests/ThreadSanitizer")]

// The targets stand in the order of the pipeline; Sources/README.md draws it,
// and CI holds every import against the dependencies stated here.
let package = Package(
    name: "vaultwatch",
    products: [
        .executable(name: "vaultwatch", targets: ["vaultwatch"]),
        // The simulated estate of `make run`; nothing of it is in the agent.
        .executable(name: "vaultwatch-demo", targets: ["vaultwatch-demo"]),
        // Loaded by a test into the program, whose wall clock it steps.
        .library(name: "SteppedClock", type: .dynamic, targets: ["SteppedClock"]),
        // Loaded by a test into the program, whose disk it holds.
        .library(name: "HangingDisk", type: .dynamic, targets: ["HangingDisk"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),
        system("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CSSL", pkgConfig: "libssl", apt: "libssl-dev"),
        system("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        system("CMark", pkgConfig: "libcmark", apt: "libcmark-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        // Debian's package has no .pc file.
        .systemLibrary(name: "CSnappy", path: "Sources/CSnappy", providers: [.apt(["libsnappy-dev"])]),
        // pthread_setname_np(3) and mallopt(3), headers alone.
        .systemLibrary(name: "CGlibc", path: "Sources/CGlibc"),
        // bcrypt; crypt.h comes with libc6-dev.
        .target(name: "CCrypt", linkerSettings: [.linkedLibrary("crypt")]),
        .target(name: "CProgramPages"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        stage("Text", ["CRE2"]),
        stage("Samples", ["Text"]),
        stage(
            "Platform",
            [
                "Text", "Samples", "CGlibc", "CProgramPages", logging,
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        stage("TimeZones", ["Text", "Samples", "Platform"]),
        stage("YAML", ["Text", "CYAML"]),
        stage("Exposition", ["Text", "Samples"]),
        stage("Telemetry", ["Text", "Samples", "Exposition"]),
        stage("Transport", ["Text", "Samples", "Platform", "CCurl", "CPostgres"]),
        stage("TLS", ["CSSL", .product(name: "NIOCore", package: "swift-nio")]),
        stage(
            "WebSocket",
            ["Text", "Transport", "TLS"] + nio + [.product(name: "NIOWebSocket", package: "swift-nio")]),
        stage("S3", ["Text", "Samples", "Platform", "Transport", "CCrypto"], exclude: ["README.md"]),
        stage(
            "Probes",
            [
                "Text", "Samples", "Platform", "TimeZones", "Exposition", "Transport", "S3", "CCrypto", "CZlib",
                logging,
            ],
            exclude: ["README.md"]),
        stage("Store", ["Text", "Samples", "Telemetry"]),
        stage("RemoteWrite", ["Text", "Samples", "Platform", "Telemetry", "CSnappy", "CZlib", logging]),
        stage("PromQL", ["Text", "Samples"]),
        stage("GoTemplate", ["Text", "Samples"]),
        stage("Alerts", ["Text", "Samples"]),
        stage("Rules", ["Text", "Samples", "YAML", "PromQL", "GoTemplate", "Alerts", "Platform", "Telemetry"]),
        stage("Dispatching", ["Text", "Samples", "TimeZones", "Alerts", "Platform", "Telemetry"]),
        stage(
            "Delivery",
            [
                "Text", "Samples", "TimeZones", "Alerts", "GoTemplate", "Platform", "Telemetry", "Transport",
                "CCrypto", logging,
            ]),
        stage("Journal", ["Text", "Samples", "Alerts", "Platform", "CSQLite"]),
        stage("HTTPServer", ["Text", "Samples", "Platform", "TLS", "CZlib"] + nio),
        stage(
            "Web",
            [
                "Text", "HTTPServer", "Samples", "TimeZones", "Exposition", "Alerts", "Dispatching", "Platform",
                "Telemetry", "CCrypt", "CCrypto",
            ]),
        stage(
            "Console",
            [
                "Text", "HTTPServer", "Web", "Alerts", "Dispatching", "Exposition", "Samples", "TimeZones", "Platform",
                "Probes", "CMark",
            ]),
        stage("Supervision", ["Text", "Samples", "Platform", "CSystemd"]),
        stage(
            "Config",
            [
                "Text", "Samples", "TimeZones", "YAML", "Platform", "Transport", "S3", "Probes", "Store", "RemoteWrite",
                "Alerts", "Dispatching", "Delivery", "HTTPServer", "Web",
            ], exclude: ["Alerting/README.md"]),
        stage(
            "Agent",
            [
                "Text", "Samples", "Platform", "YAML", "Exposition", "Telemetry", "Transport", "Probes", "Store",
                "PromQL", "GoTemplate", "Alerts", "Rules", "Dispatching", "Delivery", "Journal", "HTTPServer", "Web",
                "RemoteWrite", "WebSocket", "TimeZones", "Console", "Supervision", "Config", logging,
            ]),
        stage(
            "Recovery",
            [
                "Text", "Samples", "TimeZones", "YAML", "Platform", "Transport", "S3", "Probes", "PromQL", "Alerts",
                "Dispatching", "Config", "CCrypto", logging,
            ]),
        .executableTarget(
            name: "vaultwatch",
            dependencies: [
                "Text", "Samples", "Platform", "TimeZones", "YAML", "Exposition", "Telemetry", "Transport", "S3",
                "Probes", "Store",
                "PromQL", "GoTemplate", "Alerts", "Rules", "Dispatching", "Delivery", "Journal", "Web", "Supervision",
                "Config", "Console", "Agent", "Recovery", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        stage("Lab", ["Text", "HTTPServer", "TLS", "Samples", "Platform", "CCrypto", "CZlib"] + nio),
        .executableTarget(
            name: "vaultwatch-demo",
            dependencies: [
                "Lab", "Platform", "Supervision", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        stage("Simulation", ["Text", "Samples", "Platform", "Transport", logging]),
        .target(
            name: "TestServers", dependencies: ["Lab", "Platform"], path: "Tests/TestServers", swiftSettings: settings),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "TestServers", "Lab", "Transport", "Platform", "Text", "Samples", "Probes", "Store", "Telemetry",
                "RemoteWrite", "PromQL", "Alerts", "Dispatching", logging,
            ],
            path: "Tests/Benchmarks", exclude: ["README.md", "scale.svg"], swiftSettings: settings),

        // What takes bytes from outside, for libFuzzer and for a test; see Tests/Fuzzing/README.md.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Agent", "Alerts", "CCrypto", "Config", "Console", "Delivery", "Dispatching", "Exposition",
                "GoTemplate",
                "HTTPServer", "Journal", "Platform", "Probes", "PromQL", "Recovery", "RemoteWrite", "Rules", "S3",
                "Samples",
                "Simulation",
                "Store",
                "Telemetry", "Text", "TimeZones", "Transport", "Web", "WebSocket", "YAML", logging,
            ],
            path: "Tests/Fuzzing/Targets", swiftSettings: settings),
        .target(name: "SteppedClock", path: "Tests/SteppedClock", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "HangingDisk", path: "Tests/HangingDisk", linkerSettings: [.linkedLibrary("dl")]),
        tests("Samples", ["Text", "Samples"]),
        tests("Text", ["Text"]),
        tests("TimeZones", ["TimeZones", "Platform", "Text", "Samples"]),
        tests(
            "Platform",
            ["Platform", "CGlibc", "Text", "Samples", logging] + threadSanitizer.map { .target(name: $0.name) }),
        tests("YAML", ["YAML"]),
        tests("Exposition", ["Exposition", "Text", "Samples"], exclude: ["Recordings"]),
        tests("Telemetry", ["Telemetry", "Exposition", "Text", "Samples"]),
        tests(
            "Transport",
            ["Transport", "Simulation", "S3", "TestServers", "Lab", "Platform", "Text", "Samples", logging]),
        tests(
            "TLS",
            [
                "TLS", "CSSL", "TestServers", "Lab", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        tests("WebSocket", ["WebSocket", "Transport", "TestServers", "Lab", "Platform"]),
        tests("S3", ["S3", "Transport", "Simulation", "TestServers", "Lab", "Platform", "Text", "Samples", logging]),
        tests(
            "Probes",
            [
                "Probes", "Simulation", "Exposition", "Telemetry", "S3", "Transport", "TestServers", "Lab", "Platform",
                "TimeZones", "HTTPServer", "CCrypto", "Text", "Samples", logging,
            ], exclude: ["Recordings"]),
        tests("Store", ["Store", "Simulation", "Telemetry", "Exposition", "Text", "Samples"]),
        tests(
            "RemoteWrite",
            ["RemoteWrite", "Simulation", "Platform", "Exposition", "Telemetry", "Text", "Samples", logging]),
        tests("PromQL", ["PromQL", "Text", "Samples", "YAML"], exclude: ["Conformance"]),
        tests("GoTemplate", ["GoTemplate", "Text", "Samples"]),
        tests(
            "Rules", ["Rules", "PromQL", "GoTemplate", "Alerts", "Platform", "Text", "Samples", "YAML", "Telemetry"]),
        tests("Dispatching", ["Dispatching", "Simulation", "Alerts", "Platform", "Text", "Samples"]),
        tests(
            "Delivery",
            [
                "Delivery", "Alerts", "GoTemplate", "Platform", "Text", "Samples", "Simulation", "Telemetry",
                "TimeZones", "Transport",
                "TestServers", "Lab", logging,
            ]),
        tests(
            "Journal", ["Simulation", "Journal", "Alerts", "Dispatching", "Platform", "Text", "Samples", "CSQLite"],
            exclude: ["Recordings"]),
        tests(
            "Web",
            [
                "Web", "Console", "HTTPServer", "Exposition", "Alerts", "PromQL", "Dispatching", "Platform", "Text",
                "Samples", "Telemetry", "TimeZones",
                "TestServers", "Lab", logging,
            ] + nio),
        tests("HTTPServer", ["HTTPServer", "Platform", "Text", "Samples", "TestServers", "Lab", logging] + nio),
        tests(
            "Console",
            [
                "Console", "HTTPServer", "Web", "Exposition", "Alerts", "Dispatching", "Platform", "Text", "Samples",
                "Telemetry", "TimeZones", logging,
            ]),
        tests("Supervision", ["Supervision", "Simulation", "Platform", "Text", "Samples"]),
        tests("TestServers", ["TestServers", "Lab", "Platform"]),
        tests("Lab", ["Lab", "TestServers", "Platform", "Text", "Samples", logging], exclude: ["Recordings"]),
        tests(
            "Config",
            [
                "Config", "Simulation", "Delivery", "Dispatching", "Probes", "Alerts", "YAML", "Platform", "Text",
                "TimeZones", "Samples", "HTTPServer", "Web",
                "S3", "Transport", "Store", "RemoteWrite",
            ]),
        tests(
            "Agent",
            [
                "Agent", "Alerts", "Config", "Delivery", "Dispatching", "Exposition", "HTTPServer", "Journal",
                "Platform", "Probes",
                "PromQL", "Rules", "Samples", "Simulation", "Store", "Telemetry", "Text", "Transport", "Web", "YAML",
                logging,
            ]),
        tests(
            "Recovery",
            [
                "Recovery", "Alerts", "Config", "Probes", "S3", "Transport", "Simulation", "TestServers", "Lab",
                "Platform",
                "TimeZones", "Text", "Samples", "YAML", "CCrypto", logging,
            ], exclude: ["Recordings"]),
        tests(
            "Integration",
            [
                "Agent", "Simulation", "Lab", "TestServers", "Platform", "Text", "Samples", "Supervision", "Transport",
                "vaultwatch",
                "vaultwatch-demo",
                logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], exclude: ["Alertmanager/README.md", "Browser", "Grafana"]),
        // What commands print, without an agent.
        tests(
            "Terminal",
            [
                "vaultwatch", "Console", "Web", "Alerts", "Config", "Recovery", "Platform", "TimeZones", "YAML",
                "Samples",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "Simulation",
            [
                "Simulation", "Agent", "Config", "Dispatching", "Delivery", "Journal", "Probes", "Store", "Alerts",
                "Supervision", "Telemetry", "Transport", "Web", "Platform", "Text", "Samples", logging,
            ]),
        tests(
            "States",
            [
                "Agent", "Alerts", "Dispatching", "Journal", "Lab", "Platform", "Samples", "Simulation", "Store",
                "Supervision", "TestServers", "Transport",
                "Web", logging,
            ]),
        tests("FuzzTargets", ["FuzzTargets"]),
        tests("Tidy", []),
    ] + fuzzer + threadSanitizer,
    cxxLanguageStandard: .cxx17
)
