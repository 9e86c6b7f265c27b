// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Embedded",
    dependencies: [.package(name: "eddy", path: "../..")],
    targets: [
        .target(name: "CounterService", dependencies: [.product(name: "Eddy", package: "eddy")]),
        .executableTarget(name: "Embedded", dependencies: ["CounterService"]),
        .testTarget(name: "CounterServiceTests", dependencies: ["CounterService"]),
    ],
    swiftLanguageModes: [.v6]
)
