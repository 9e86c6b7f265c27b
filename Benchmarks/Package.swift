// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

/// Only the benchmarks of buffers and timers and `eddy-service` depend on Eddy's sources: the servers are measured as
/// the command that users run.
let package = Package(
    name: "eddy-benchmarks",
    products: [
        .library(name: "malloc-count", type: .dynamic, targets: ["MallocCount"])
    ],
    dependencies: [
        .package(name: "eddy", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        // Shared by all C programs, and the engine of the two io_uring peers.
        .target(name: "PeerSupport"),
        .target(
            name: "UringEngine",
            dependencies: ["PeerSupport"],
            linkerSettings: [.linkedLibrary("uring")]
        ),
        // The peers.
        .executableTarget(name: "uring-echo", dependencies: ["UringEngine"]),
        .executableTarget(name: "uring-relay", dependencies: ["UringEngine"]),
        .executableTarget(name: "epoll-echo", dependencies: ["PeerSupport"]),
        .target(name: "NIOPeer", dependencies: nio, swiftSettings: settings),
        .executableTarget(name: "nio-echo", dependencies: ["NIOPeer"] + nio, swiftSettings: settings),
        .executableTarget(name: "nio-async-echo", dependencies: ["NIOPeer"] + nio, swiftSettings: settings),
        // The cost of a buffer and of a timer, in processor time.
        .target(name: "ThreadTime", swiftSettings: settings),
        .executableTarget(
            name: "buffers-bench",
            dependencies: [
                "ThreadTime",
                .product(name: "EddyBuffers", package: "eddy"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["README.md", "node-buffers.js"],
            swiftSettings: [.enableExperimentalFeature("Lifetimes")]
        ),
        .executableTarget(
            name: "timers-bench",
            dependencies: ["ThreadTime", .product(name: "Eddy", package: "eddy")] + nio,
            swiftSettings: settings
        ),
        // The load generator and the harness.
        .executableTarget(name: "echo-load", dependencies: ["PeerSupport"]),
        // Programs that show whether clients harm each other: additional services, and their well-behaved and harmful
        // clients.
        .executableTarget(
            name: "eddy-service",
            dependencies: [
                .product(name: "Eddy", package: "eddy"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(name: "isolation-probe", dependencies: ["PeerSupport"]),
        .executableTarget(name: "isolation-attackers", dependencies: ["PeerSupport"]),
        .executableTarget(name: "isolation-upstream", dependencies: ["PeerSupport"]),
        .executableTarget(name: "store-load", dependencies: ["PeerSupport"]),
        .target(name: "MallocCount"),
        .target(name: "HarnessSupport"),
        .executableTarget(
            name: "peers",
            dependencies: [
                "HarnessSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.embedInCode("Resources")],
            swiftSettings: settings
        ),
        .testTarget(name: "PeersTests", dependencies: ["peers"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
