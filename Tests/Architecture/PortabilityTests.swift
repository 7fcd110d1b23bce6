import Foundation
import Testing

@Suite("What an app is made of is not for Linux alone")
struct PortabilityTests {
    let targets: [DeclaredTarget]

    init() throws {
        let text = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        targets = Manifest(text: text).targets
    }

    /// The targets that `root` stands on, itself among them.
    private func foundations(of root: String) -> [DeclaredTarget] {
        var found: [DeclaredTarget] = []
        var names = [root]
        while let name = names.popLast() {
            guard let target = targets.first(where: { $0.name == name }), !found.contains(target) else { continue }
            found.append(target)
            names += target.dependencies
        }
        return found
    }

    @Test("The client brings no codec and nothing of the server")
    func clientStandsOnLittle() {
        let names = Set(foundations(of: "CallingClient").map(\.name))
        #expect(names.isSuperset(of: ["CallingClient", "ClientTransport", "CSockets", "DTLS", "MediaIO", "Reception"]))
        #expect(names.isDisjoint(with: ["CFFmpeg", "COpus", "Calling", "Codecs", "Conference", "MediaWorker"]))
    }

    @Test("No source under the client, nor of the codecs, needs Linux", arguments: ["CallingClient", "Codecs"])
    func sourcesArePortable(root: String) throws {
        for target in foundations(of: root) {
            let files = try SourceTree.files(in: target.folder) { name in
                [".swift", ".c", ".h"].contains { name.hasSuffix($0) }
            }
            #expect(!files.isEmpty, "\(target.name) has no sources in \(target.folder)")
            for file in files {
                let text = try String(contentsOf: SourceTree.root.appending(path: file), encoding: .utf8)
                let complaints = Portability.complaints(in: text)
                #expect(complaints.isEmpty, "\(file)")
            }
        }
    }

    @Test("A bare import of a C library is found")
    func findsImports() {
        let text = """
            #if canImport(Darwin)
                internal import Darwin
            #elseif canImport(Glibc)
                internal import Glibc
            #else
                internal import Musl
            #endif
            internal import Glibc
            import Glibcology
            """
        #expect(Portability.complaints(in: text).map(\.description) == ["line 6: import Musl", "line 8: import Glibc"])
    }

    @Test("Words of Linux are found outside what is for Linux")
    func findsWords() {
        let swift = """
            // epoll_wait is what this is about
            #if os(Linux) && !PORTABLE
                #if DEBUG
                    epoll_wait()
                #endif
            #else
                epoll_wait()
            #endif
            let type = SOCK_DGRAM | SOCK_NONBLOCK
            """
        #expect(
            Portability.complaints(in: swift).map(\.description) == ["line 7: epoll_", "line 9: SOCK_NONBLOCK"])
        let c = """
            #ifdef MSG_NOSIGNAL
            return MSG_NOSIGNAL;
            #endif
            #ifndef __linux__
            recvmmsg(fd);
            #else
            #endif
            #if defined(__linux__)
            recvmmsg(fd);
            #elif defined(__APPLE__)
            sendmmsg(fd);
            #endif
            """
        #expect(Portability.complaints(in: c).map(\.description) == ["line 5: recvmmsg", "line 11: sendmmsg"])
    }
}
