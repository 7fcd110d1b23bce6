import Testing

@Suite("Reading the manifest and import lines")
struct ManifestTests {
    @Test func readsHelperCallsAndPlainTargets() {
        let manifest = Manifest(
            text: """
                func room(_ name: String, in folder: String) -> Target { .target(name: name, path: "Sources/\\(folder)") }
                let package = Package(name: "x", dependencies: [.package(url: "https://e.org/a", exact: "1.0.0")], targets: [
                    .target(name: "CShim", path: "Sources/Shims/CShim"),  // a comment, with "quotes"
                    room("RTP", in: "Protocols/RTP", ["ProtocolCore", .target(name: "CShim")]),
                    .executableTarget(
                        name: "tool",
                        dependencies: ["RTP", .product(name: "Lib", package: "lib", condition: .when(platforms: [.linux]))],
                        path: "Sources/Tool"),
                    tests("SDPTests", in: "Protocols/SDP", ["SDP"]),
                    .testTarget(name: "RTPTests", dependencies: ["RTP"], path: "Tests/RTP"),
                ])
                """)
        #expect(
            manifest.rooms == [
                DeclaredTarget(name: "CShim", folder: "Sources/Shims/CShim", dependencies: []),
                DeclaredTarget(name: "RTP", folder: "Sources/Protocols/RTP", dependencies: ["ProtocolCore", "CShim"]),
                DeclaredTarget(name: "tool", folder: "Sources/Tool", dependencies: ["RTP"]),
            ])
    }

    @Test(arguments: [
        ("import Foundation", "Foundation"),
        ("    public import ProtocolCore", "ProtocolCore"),
        ("@preconcurrency internal import NIOCore  // why", "NIOCore"),
        ("@_spi(Testing) import Store", "Store"),
        ("public import struct ProtocolCore.SSRC", "ProtocolCore"),
    ])
    func readsImportLines(line: String, module: String) {
        #expect(SourceTree.importedModule(in: line[...]) == module)
    }

    @Test(arguments: ["// import Foundation", "let important = 1", "important()", "/// import X", ""])
    func ignoresOtherLines(line: String) {
        #expect(SourceTree.importedModule(in: line[...]) == nil)
    }
}
