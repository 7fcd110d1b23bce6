// swift-tools-version: 6.2
import PackageDescription

/// Language settings that every target shares.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target; `folder` is the room on its floor, for example `Protocols/RTP`.
func room(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)", swiftSettings: strict)
}

/// The tests of a room; `folder` mirrors the room's own.
func tests(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(folder)", exclude: exclude, resources: resources,
        swiftSettings: strict)
}

/// A product of another package.
func product(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package)
}

let argumentParser = product("ArgumentParser", "swift-argument-parser")
let boringSSL = product("NIOSSL", "swift-nio-ssl")
let crypto = product("Crypto", "swift-crypto")
let hummingbird = product("Hummingbird", "hummingbird")
let logging = product("Logging", "swift-log")
let nio = product("NIOCore", "swift-nio")
let orderedCollections = product("OrderedCollections", "swift-collections")

/// Floor 1: values only.
let protocols: [Target] = [
    room("ProtocolCore", in: "Protocols/ProtocolCore"),
    room("Cryptography", in: "Protocols/Cryptography", ["ProtocolCore", boringSSL]),
    room("RTP", in: "Protocols/RTP", ["ProtocolCore"]),
    room("PayloadFormats", in: "Protocols/PayloadFormats", ["ProtocolCore"]),
    room("STUN", in: "Protocols/STUN", ["ProtocolCore", "Cryptography"]),
    room("ICE", in: "Protocols/ICE", ["ProtocolCore", "STUN"]),
    room("SDP", in: "Protocols/SDP", ["ProtocolCore", "ICE", "RTP", "PayloadFormats"]),
    room("SRTP", in: "Protocols/SRTP", ["ProtocolCore", "Cryptography"]),
    room("DTLS", in: "Protocols/DTLS", ["ProtocolCore", "Cryptography", "SRTP", boringSSL]),
]

/// Floor 2: packets on the move.
let media: [Target] = [
    room("MediaIO", in: "Media/MediaIO", ["CSockets", "ProtocolCore"]),
    room("Conference", in: "Media/Conference", ["ProtocolCore"]),
    room(
        "MediaWorker", in: "Media/MediaWorker",
        [
            "Conference", "Cryptography", "DTLS", "ICE", "MediaIO", "PayloadFormats", "ProtocolCore", "RTP", "SDP",
            "SRTP",
        ]),
]

let shims: [Target] = [
    .target(name: "CSockets", path: "Sources/Shims/CSockets"),
    .systemLibrary(
        name: "CSRTP2", path: "Sources/Shims/CSRTP2", pkgConfig: "libsrtp2", providers: [.apt(["libsrtp2-dev"])]),
]

let protocolTests: [Target] = [
    tests("CryptographyTests", in: "Protocols/CryptographyTests", ["Cryptography", "ProtocolCore"]),
    tests("RTPTests", in: "Protocols/RTPTests", ["RTP", "ProtocolCore"]),
    tests("PayloadFormatsTests", in: "Protocols/PayloadFormatsTests", ["PayloadFormats", "ProtocolCore"]),
    tests("STUNTests", in: "Protocols/STUNTests", ["STUN", "ProtocolCore"]),
    tests("ICETests", in: "Protocols/ICETests", ["ICE", "STUN", "ProtocolCore"]),
    tests(
        "SDPTests", in: "Protocols/SDPTests", ["SDP", "ICE", "RTP", "PayloadFormats", "ProtocolCore"],
        resources: [.copy("Recordings")]),
    tests("SRTPTests", in: "Protocols/SRTPTests", ["SRTP", "Cryptography", "ProtocolCore", "CSRTP2"]),
]

/// Peers and networks made for tests and benchmarks.
let lab: [Target] = [
    .target(
        name: "MediaLab",
        dependencies: [
            "Conference", "DTLS", "ICE", "MediaIO", "MediaWorker", "ProtocolCore", "RTP", "SDP", "SRTP", "STUN",
        ], path: "Tests/Lab", swiftSettings: strict),
]

let benchmarks: [Target] = [
    .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
    .executableTarget(
        name: "forwarding-benchmark",
        dependencies: [
            "CAllocationCounter", "CSockets", "Conference", "MediaIO", "MediaLab", "MediaWorker", "ProtocolCore",
            argumentParser,
        ], path: "Benchmarks/Forwarding", swiftSettings: strict),
]

let mediaTests: [Target] = [
    tests(
        "MediaWorkerTests", in: "Media/MediaWorkerTests",
        ["Conference", "MediaLab", "MediaWorker", "ProtocolCore", "RTP"]),
    tests("ConferenceTests", in: "Media/ConferenceTests", ["Conference", "ProtocolCore"]),
]

let package = Package(
    name: "switchboard",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Exactly, because BoringSSL inside it is no public API: see docs/dependencies.md.
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    ],
    targets: shims + protocols + media + lab + benchmarks + protocolTests + mediaTests
)
