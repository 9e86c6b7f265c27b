// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "EchoServer",
    dependencies: [.package(name: "eddy", path: "../..")],
    targets: [
        .executableTarget(name: "EchoServer", dependencies: [.product(name: "Eddy", package: "eddy")])
    ],
    swiftLanguageModes: [.v6]
)
