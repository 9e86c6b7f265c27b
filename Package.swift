// swift-tools-version: 6.2
import PackageDescription

/// The settings of every module of Eddy. The checks are the strictest that the compiler offers:
/// `unsafe` marks each use of unsafe code, so that a reader finds them all with one search.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
]

/// Tests may use pointers to build hostile input, so strict memory safety is off for them.
let testSettings: [SwiftSetting] = settings.dropLast()

let package = Package(
    name: "eddy",
    products: [
        .library(name: "EddyBuffers", targets: ["EddyBuffers"]),
        .library(name: "Eddy", targets: ["Eddy"]),
        .library(name: "EddyLoad", targets: ["EddyLoad"]),
        .executable(name: "eddy", targets: ["EddyCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLiburing",
            pkgConfig: "liburing",
            providers: [.apt(["liburing-dev"])]
        ),
        .target(name: "CEddyBuffers"),
        .target(name: "EddyBuffers", dependencies: ["CEddyBuffers"], swiftSettings: settings),
        .target(name: "EddySystem", dependencies: ["CLiburing"], swiftSettings: settings),
        .target(name: "EddyRing", dependencies: ["CLiburing", "EddyBuffers", "EddySystem"], swiftSettings: settings),
        // For EddySimulator and tests: no product of Eddy contains it.
        .target(
            name: "EddySimulation",
            dependencies: ["CLiburing", "EddyRing", "EddySystem"],
            swiftSettings: settings
        ),
        .target(name: "Eddy", dependencies: ["EddyBuffers", "EddyRing", "EddySystem"], swiftSettings: settings),
        .target(
            name: "EddyLoad",
            dependencies: ["Eddy", .product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: settings
        ),
        .target(name: "CEddyCommand"),
        .executableTarget(
            name: "EddyCommand",
            dependencies: [
                "CEddyCommand",
                "Eddy",
                "EddyLoad",
                "EddySystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "EddySimulator",
            dependencies: [
                "Eddy", "EddySimulation", "EddyRing", "EddySystem", "EddyBuffers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(name: "EddyBuffersTests", dependencies: ["EddyBuffers"], swiftSettings: testSettings),
        .target(
            name: "EddyTestSupport",
            dependencies: ["EddySystem"],
            path: "Tests/EddyTestSupport",
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddySystemTests",
            dependencies: ["EddySystem", "EddyTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddyRingTests",
            dependencies: ["EddyRing", "EddySimulation", "EddySystem", "EddyTestSupport", "EddyBuffers", "CLiburing"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddySimulationTests",
            dependencies: ["EddySimulation", "EddyRing", "EddySystem", "EddyBuffers"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddyTests",
            dependencies: ["Eddy", "EddySimulation", "EddyRing", "EddySystem", "EddyTestSupport", "EddyBuffers"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddyLoadTests",
            dependencies: ["EddyLoad", "Eddy", "EddySystem", "EddyTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EddyCommandTests",
            dependencies: ["EddyCommand", "Eddy", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: ["EddyCommand", "Eddy", "EddySimulation", "EddyRing", "EddySystem", "EddyBuffers"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "SimulatorTests",
            dependencies: ["EddySimulator", "EddySimulation"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "AcceptanceTests",
            dependencies: ["EddyCommand"],
            resources: [.copy("Clients")],
            swiftSettings: testSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)
