// swift-tools-version: 6.2
import PackageDescription

/// Language settings that every target shares.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Whether `script/fuzz` asks for the fuzz targets, which need the sanitizers in every room.
let isFuzzing = Context.environment["SWITCHBOARD_FUZZ"] != nil

/// What a room adds while fuzzing: coverage, memory checks, and internal entries for the fuzz targets.
let instrumented: [SwiftSetting] =
    isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"])] : []

/// Whether `script/test portable` asks for the client alone, with the system calls that Apple systems have too.
/// Such a build needs a scratch path of its own: objects of the other kind are not seen to be out of date.
let isPortable = Context.environment["SWITCHBOARD_PORTABLE_IO"] != nil

let portable: [SwiftSetting] = isPortable ? [.define("SWITCHBOARD_PORTABLE_IO")] : []

/// The targets that `make test-unit ROOMS=…` asks for, with nothing but what they stand on; empty: all.
let wantedTargets = (Context.environment["SWITCHBOARD_ONLY"] ?? "").split(separator: ",").map(String.init)

/// A library target; `folder` is the room on its floor, for example `Protocols/RTP`.
func room(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)",
        swiftSettings: strict + instrumented + settings)
}

/// The tests of a room; `folder` mirrors the room's own.
func tests(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(folder)", exclude: exclude,
        resources: resources,
        swiftSettings: strict + portable)
}

/// A product of another package.
func product(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package)
}

let argumentParser = product("ArgumentParser", "swift-argument-parser")
let boringSSL = product("NIOSSL", "swift-nio-ssl")
let crypto = product("Crypto", "swift-crypto")
let httpTypes = product("HTTPTypes", "swift-http-types")
let hummingbird = product("Hummingbird", "hummingbird")
let hummingbirdTesting = product("HummingbirdTesting", "hummingbird")
let lifecycle = product("ServiceLifecycle", "swift-service-lifecycle")
let logging = product("Logging", "swift-log")
let nio = product("NIOCore", "swift-nio")
let nioHTTP1 = product("NIOHTTP1", "swift-nio")
let orderedCollections = product("OrderedCollections", "swift-collections")

/// Floor 1: values only.
let protocols: [Target] = [
    room("ProtocolCore", in: "Protocols/ProtocolCore"),
    room("Cryptography", in: "Protocols/Cryptography", ["ProtocolCore", boringSSL]),
    room("RTP", in: "Protocols/RTP", ["ProtocolCore"]),
    room("PayloadFormats", in: "Protocols/PayloadFormats", ["ProtocolCore"]),
    room("Congestion", in: "Protocols/Congestion", ["ProtocolCore", "RTP"]),
    room("NetworkEmulation", in: "Protocols/NetworkEmulation", ["ProtocolCore"]),
    room("STUN", in: "Protocols/STUN", ["ProtocolCore", "Cryptography"]),
    room("ICE", in: "Protocols/ICE", ["ProtocolCore", "STUN"]),
    room("SDP", in: "Protocols/SDP", ["ProtocolCore", "ICE", "RTP", "PayloadFormats"]),
    room("SRTP", in: "Protocols/SRTP", ["ProtocolCore", "Cryptography"]),
    room("DTLS", in: "Protocols/DTLS", ["ProtocolCore", "Cryptography", "SRTP", boringSSL]),
    room("TLS", in: "Protocols/TLS", [boringSSL]),
    room("TURN", in: "Protocols/TURN", ["Cryptography", "ProtocolCore", "STUN"]),
    room("SCTP", in: "Protocols/SCTP", ["ProtocolCore"]),
    room("DataChannels", in: "Protocols/DataChannels", ["ProtocolCore", "SCTP"]),
]

/// Floor 2: packets on the move.
let media: [Target] = [
    room("MediaVocabulary", in: "Media/MediaVocabulary", ["Congestion", "PayloadFormats", "ProtocolCore", "SDP"]),
    room(
        "MediaIO", in: "Media/MediaIO", ["CSockets", "MediaVocabulary", "ProtocolCore"],
        settings: portable),
    room("Conference", in: "Media/Conference", ["MediaVocabulary", "PayloadFormats", "ProtocolCore"]),
    room("NetworkRelay", in: "Media/NetworkRelay", ["MediaIO", "NetworkEmulation", "ProtocolCore"]),
    room("Reception", in: "Media/Reception", ["PayloadFormats", "ProtocolCore", "RTP"]),
    room("Codecs", in: "Media/Codecs", ["CFFmpeg", "COpus", "PayloadFormats"]),
    room(
        "MediaWorker", in: "Media/MediaWorker",
        [
            "Conference", "Congestion", "Cryptography", "DTLS", "DataChannels", "ICE", "MediaIO", "MediaVocabulary",
            "PayloadFormats", "ProtocolCore", "RTP", "SCTP", "SDP", "SRTP",
        ]),
]

/// Floor 3: calls.
let calling: [Target] = [
    room(
        "Calling", in: "Calling",
        [
            "MediaVocabulary", "PayloadFormats", "ProtocolCore", "SDP", logging, orderedCollections,
            product("Metrics", "swift-metrics"),
        ])
]

/// Beside: what is stored, who may do what, how the server is set up and measured.
let platform: [Target] = [
    room("Store", in: "Platform/Store", [product("GRDB", "GRDB.swift")]),
    room(
        "Identity", in: "Platform/Identity",
        ["ProtocolCore", "Store", crypto, product("CryptoExtras", "swift-crypto"), product("JWTKit", "jwt-kit")]),
    room(
        "ServerConfiguration", in: "Platform/ServerConfiguration",
        [product("Configuration", "swift-configuration"), product("Yams", "Yams")]),
    room("Telemetry", in: "Platform/Telemetry", [product("CoreMetrics", "swift-metrics"), logging]),
    room("Doctor", in: "Platform/Doctor"),
]

/// Floor 4: what the outside talks to.
let edges: [Target] = [
    room(
        "HTTPServer", in: "Edges/HTTPServer",
        [
            "CWebAssets", "ProtocolCore", "Store", boringSSL, crypto, httpTypes, hummingbird, lifecycle, logging, nio,
            nioHTTP1,
            product("HummingbirdCore", "hummingbird"), product("HummingbirdTLS", "hummingbird"),
            product("Metrics", "swift-metrics"), product("NIOHTTPTypes", "swift-nio-extras"),
            product("NIOHTTPTypesHTTP1", "swift-nio-extras"), product("SwiftASN1", "swift-asn1"),
            product("X509", "swift-certificates"),
        ]),
    room(
        "RESTAPI", in: "Edges/RESTAPI",
        [
            "Identity", "ProtocolCore", "Store", httpTypes, hummingbird, logging, nio,
            product("Metrics", "swift-metrics"),
        ]),
    room(
        "Signaling", in: "Edges/Signaling",
        [
            "Calling", "Congestion", "MediaVocabulary", "PayloadFormats", "ProtocolCore", "SDP", logging,
            orderedCollections, product("Metrics", "swift-metrics"),
        ]),
    room(
        "Relay", in: "Edges/Relay",
        [
            "Cryptography", "MediaIO", "MediaVocabulary", "ProtocolCore", "STUN", "TURN", lifecycle, logging, nio,
            product("NIOPosix", "swift-nio"),
        ]),
    room(
        "WHIP", in: "Edges/WHIP",
        [
            "Calling", "ICE", "MediaVocabulary", "ProtocolCore", "SDP", httpTypes, hummingbird, logging, nio,
            product("Metrics", "swift-metrics"),
        ]),
]

/// Libraries for programs that call: they stand on floors 1 and 2 only.
let clients: [Target] = [
    .target(
        name: "ClientTransport",
        dependencies: [
            "Congestion", "Cryptography", "DTLS", "DataChannels", "ICE", "MediaIO", "PayloadFormats", "ProtocolCore",
            "RTP", "SCTP", "SDP", "SRTP", "STUN", "TLS", "TURN",
        ], path: "Clients/Swift/Sources/ClientTransport", swiftSettings: strict),
    .target(
        name: "CallingClient",
        dependencies: [
            "ClientTransport", "Congestion", "DTLS", "DataChannels", "MediaIO", "PayloadFormats", "ProtocolCore", "RTP",
            "Reception", "SDP", "TLS", "TURN", boringSSL,
            nio, nioHTTP1, product("NIOFoundationCompat", "swift-nio"), product("NIOPosix", "swift-nio"),
            product("NIOWebSocket", "swift-nio"),
        ], path: "Clients/Swift/Sources/CallingClient", swiftSettings: strict),
    .target(
        name: "LoadGenerator",
        dependencies: [
            "ClientTransport", "Congestion", "DTLS", "ICE", "MediaIO", "PayloadFormats", "ProtocolCore", "RTP",
            "Reception", "SDP",
        ], path: "Clients/Swift/Sources/LoadGenerator", swiftSettings: strict),
]

let program: [Target] = [
    .executableTarget(
        name: "Switchboard",
        dependencies: [
            "Calling", "CallingClient", "ClientTransport", "Codecs", "Conference", "Congestion", "DTLS", "HTTPServer",
            "CClock", "DataChannels", "Doctor", "ICE", "RTP", "SCTP", "STUN", "TLS",
            "Identity", "LoadGenerator", "MediaIO", "MediaVocabulary", "MediaWorker",
            "NetworkEmulation", "NetworkRelay", "PayloadFormats", "ProtocolCore", "RESTAPI", "Reception", "Relay",
            "SDP", "ServerConfiguration", "Signaling", "Store", "TURN", "Telemetry", "WHIP", argumentParser, boringSSL,
            hummingbird,
            lifecycle, logging, nio, nioHTTP1, product("AsyncHTTPClient", "async-http-client"),
            product("CoreMetrics", "swift-metrics"), product("Metrics", "swift-metrics"),
            product("UnixSignals", "swift-service-lifecycle"),
        ], path: "Sources/Switchboard", swiftSettings: strict)
]

let shims: [Target] = [
    .target(name: "CClock", path: "Sources/Shims/CClock"),
    .target(name: "CWebAssets", path: "Sources/Shims/CWebAssets"),
    .target(
        name: "CSockets", path: "Sources/Shims/CSockets",
        cSettings: isPortable ? [.define("SWITCHBOARD_PORTABLE_IO")] : []),
    .systemLibrary(
        name: "CSRTP2", path: "Sources/Shims/CSRTP2", pkgConfig: "libsrtp2",
        providers: [.apt(["libsrtp2-dev"]), .brew(["srtp"])]),
    .systemLibrary(
        name: "COpus", path: "Sources/Shims/COpus", pkgConfig: "opus",
        providers: [.apt(["libopus-dev"]), .brew(["opus"])]),
    .systemLibrary(
        name: "CFFmpeg", path: "Sources/Shims/CFFmpeg", pkgConfig: "libavformat",
        providers: [
            .apt([
                "libavcodec-dev", "libavformat-dev", "libavutil-dev", "libswresample-dev", "libswscale-dev",
            ]),
            .brew(["ffmpeg"]),
        ]),
]

let protocolTests: [Target] = [
    tests("CryptographyTests", in: "Protocols/CryptographyTests", ["Cryptography", "ProtocolCore", "TestSupport"]),
    tests("RTPTests", in: "Protocols/RTPTests", ["RTP", "ProtocolCore"]),
    tests("PayloadFormatsTests", in: "Protocols/PayloadFormatsTests", ["PayloadFormats", "ProtocolCore"]),
    tests(
        "CongestionTests", in: "Protocols/CongestionTests",
        ["Congestion", "NetworkEmulation", "ProtocolCore", "RTP", "TestSupport"]),
    tests(
        "NetworkEmulationTests", in: "Protocols/NetworkEmulationTests", ["NetworkEmulation", "ProtocolCore"]),
    tests("STUNTests", in: "Protocols/STUNTests", ["STUN", "ProtocolCore"]),
    tests(
        "TLSTests", in: "Protocols/TLSTests",
        [
            "TLS", boringSSL, crypto, nio, product("NIOEmbedded", "swift-nio"), product("SwiftASN1", "swift-asn1"),
            product("X509", "swift-certificates"),
        ]),
    tests("TURNTests", in: "Protocols/TURNTests", ["NetworkEmulation", "ProtocolCore", "STUN", "TURN"]),
    tests("ICETests", in: "Protocols/ICETests", ["ICE", "NetworkEmulation", "STUN", "ProtocolCore"]),
    tests(
        "SDPTests", in: "Protocols/SDPTests", ["SDP", "ICE", "RTP", "PayloadFormats", "ProtocolCore"],
        resources: [.copy("Recordings")]),
    tests("DTLSTests", in: "Protocols/DTLSTests", ["DTLS", "SRTP", "Cryptography", "ProtocolCore"]),
    tests("SCTPTests", in: "Protocols/SCTPTests", ["NetworkEmulation", "ProtocolCore", "SCTP"]),
    tests(
        "DataChannelsTests", in: "Protocols/DataChannelsTests",
        ["DataChannels", "NetworkEmulation", "ProtocolCore", "SCTP"]),
    tests("SRTPTests", in: "Protocols/SRTPTests", ["SRTP", "Cryptography", "ProtocolCore", "CSRTP2", "TestSupport"]),
]

/// Peers and networks made for tests and benchmarks.
let lab: [Target] = [
    .target(
        name: "MediaLab",
        dependencies: [
            "ClientTransport", "Conference", "Congestion", "Cryptography", "DTLS", "DataChannels", "ICE", "MediaIO",
            "MediaVocabulary", "MediaWorker",
            "NetworkEmulation", "PayloadFormats", "ProtocolCore", "RTP", "Reception", "SDP", "SRTP", "STUN",
        ], path: "Tests/Lab", exclude: ["Scoreboard"], swiftSettings: strict)
]

let benchmarks: [Target] = [
    .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
    .executableTarget(
        name: "forwarding-benchmark",
        dependencies: [
            "CAllocationCounter", "CSockets", "Conference", "Congestion", "ICE", "MediaIO", "MediaLab",
            "MediaVocabulary", "MediaWorker",
            "ProtocolCore",
            argumentParser,
        ], path: "Benchmarks/Forwarding", swiftSettings: strict),
    .executableTarget(
        name: "large-call-benchmark",
        dependencies: [
            "Conference", "MediaLab", "MediaVocabulary", "NetworkEmulation", "ProtocolCore", argumentParser,
        ],
        path: "Benchmarks/LargeCall", swiftSettings: strict),
]

let mediaTests: [Target] = [
    tests("MediaIOTests", in: "Media/MediaIOTests", ["CSockets", "MediaIO", "MediaVocabulary", "ProtocolCore"]),
    tests(
        "MediaWorkerTests", in: "Media/MediaWorkerTests",
        [
            "Conference", "Congestion", "DataChannels", "ICE", "MediaLab", "MediaVocabulary", "MediaWorker",
            "ProtocolCore", "RTP", "SCTP", "SDP",
        ]),
    tests("NetworkRelayTests", in: "Media/NetworkRelayTests", ["NetworkEmulation", "NetworkRelay", "ProtocolCore"]),
    tests("ReceptionTests", in: "Media/ReceptionTests", ["PayloadFormats", "ProtocolCore", "RTP", "Reception"]),
    tests(
        "CodecsTests", in: "Media/CodecsTests",
        ["Codecs", "PayloadFormats", "ProtocolCore", "RTP", "Reception", "TestSupport"]),
    tests(
        "ConferenceTests", in: "Media/ConferenceTests",
        ["Conference", "MediaVocabulary", "PayloadFormats", "ProtocolCore"]),
]

/// What several test targets share.
let testSupport: [Target] = [
    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict)
]

let callingTests: [Target] = [
    .target(
        name: "CallingTestSupport", dependencies: ["ProtocolCore", "MediaVocabulary", "SDP", "Calling"],
        path: "Tests/CallingTestSupport",
        swiftSettings: strict),
    tests(
        "CallingTests", in: "CallingTests",
        ["Calling", "CallingTestSupport", "MediaVocabulary", "ProtocolCore", "SDP", logging]),
]

let platformTests: [Target] = [
    tests("StoreTests", in: "Platform/StoreTests", ["Store", "TestSupport", product("GRDB", "GRDB.swift")]),
    tests("IdentityTests", in: "Platform/IdentityTests", ["Identity", "Store", "TestSupport"]),
    tests("DoctorTests", in: "Platform/DoctorTests", ["Doctor"]),
    tests("ServerConfigurationTests", in: "Platform/ServerConfigurationTests", ["ServerConfiguration"]),
    tests(
        "TelemetryTests", in: "Platform/TelemetryTests",
        ["Telemetry", "TestSupport", product("CoreMetrics", "swift-metrics"), logging]),
]

let edgeTests: [Target] = [
    tests(
        "HTTPServerTests", in: "Edges/HTTPServerTests",
        [
            "HTTPServer", "ProtocolCore", "Store", "TestSupport", httpTypes, hummingbird, hummingbirdTesting, lifecycle,
            logging, nio, nioHTTP1, product("MetricsTestKit", "swift-metrics"), product("NIOEmbedded", "swift-nio"),
            product("NIOPosix", "swift-nio"), product("SwiftASN1", "swift-asn1"), product("X509", "swift-certificates"),
        ]),
    tests(
        "RESTAPITests", in: "Edges/RESTAPITests",
        [
            "Identity", "ProtocolCore", "RESTAPI", "Store", "TestSupport", httpTypes, hummingbird, hummingbirdTesting,
            nio,
        ]),
    tests(
        "SignalingTests", in: "Edges/SignalingTests",
        [
            "Calling", "CallingTestSupport", "Congestion", "MediaVocabulary", "PayloadFormats", "ProtocolCore", "SDP",
            "Signaling",
            logging,
        ]),
]

let whipTests: [Target] = [
    tests(
        "WHIPTests", in: "Edges/WHIPTests",
        [
            "Calling", "CallingTestSupport", "ICE", "MediaVocabulary", "ProtocolCore", "SDP", "WHIP", httpTypes,
            hummingbird,
            hummingbirdTesting,
            logging, nio,
        ])
]

let relayTests: [Target] = [
    tests(
        "RelayTests", in: "Edges/RelayTests",
        ["MediaVocabulary", "ProtocolCore", "Relay", "STUN", "TURN", logging, nio, product("NIOPosix", "swift-nio")])
]

let labTests: [Target] = [
    tests(
        "LabScenarios", in: "LabScenarios",
        [
            "ClientTransport", "Conference", "Congestion", "DataChannels", "MediaLab", "MediaVocabulary", "MediaWorker",
            "NetworkEmulation",
            "ProtocolCore", "Reception", "TestSupport",
        ])
]

let clientTests: [Target] = [
    .testTarget(
        name: "ClientTransportTests",
        dependencies: [
            "ClientTransport", "Congestion", "DTLS", "ICE", "MediaIO", "NetworkEmulation", "PayloadFormats",
            "ProtocolCore", "RTP", "SDP", "SRTP", "TURN",
        ], path: "Clients/Swift/Tests/ClientTransportTests", swiftSettings: strict),
    .testTarget(
        name: "CallingClientTests",
        dependencies: [
            "CallingClient", "ClientTransport", "PayloadFormats", "ProtocolCore", "RTP", "Reception", "SDP",
        ], path: "Clients/Swift/Tests/CallingClientTests", swiftSettings: strict),
    .testTarget(
        name: "LoadGeneratorTests",
        dependencies: [
            "ClientTransport", "LoadGenerator", "MediaIO", "PayloadFormats", "ProtocolCore", "RTP", "SDP",
        ], path: "Clients/Swift/Tests/LoadGeneratorTests", swiftSettings: strict),
]

let houseTests: [Target] = [
    tests("ArchitectureTests", in: "Architecture", [])
]

/// One program with every parser of remote bytes in it; its first argument says which one to fuzz.
let fuzzing: [Target] = [
    .executableTarget(
        name: "fuzz-parsers",
        dependencies: [
            "Cryptography", "DTLS", "DataChannels", "ICE", "PayloadFormats", "ProtocolCore", "RTP", "SCTP", "SDP",
            "Reception", "SRTP", "STUN", "Signaling", "TURN",
        ], path: "Tests/Fuzz/fuzz-parsers",
        swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])],
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
]

let allTargets: [Target] =
    shims + protocols + media + calling + platform + edges + clients + program + lab + benchmarks
    + protocolTests
    + mediaTests + testSupport + callingTests + platformTests + edgeTests + whipTests + relayTests + labTests
    + clientTests
    + houseTests
    + (isFuzzing ? fuzzing : [])

/// The targets with these names and all that they stand on.
func foundations(of roots: [String], among targets: [Target]) -> [Target] {
    var wanted: Set<String> = []
    var names = roots
    while let name = names.popLast() {
        guard wanted.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { continue }
        for case .byNameItem(let name, _) in target.dependencies { names.append(name) }
    }
    return targets.filter { wanted.contains($0.name) }
}

let libraries: [Product] = [
    .library(name: "CallingClient", targets: ["CallingClient"]),
    .library(name: "ClientTransport", targets: ["ClientTransport"]),
]

let package = Package(
    name: "switchboard",
    // For the clients' libraries, which use InlineArray and Mutex. The server is for Linux.
    platforms: [.macOS(.v26), .iOS(.v26)],
    products: wantedTargets.isEmpty
        ? libraries + (isPortable ? [] : [.executable(name: "switchboard", targets: ["Switchboard"])]) : [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        // Exactly, because BoringSSL inside it is no public API: see docs/dependencies.md.
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: isPortable
        ? foundations(of: ["CallingClientTests", "ClientTransportTests", "MediaIOTests"], among: allTargets)
        : wantedTargets.isEmpty ? allTargets : foundations(of: wantedTargets, among: allTargets)
)
