import ProtocolCore
import Testing

@testable import MediaIO

#if os(Linux) && !SWITCHBOARD_PORTABLE_IO
    /// A socket that takes everything answers from the address that was asked: all of 127.0.0.0/8 is this machine.
    @Suite("Several addresses of one's own", .timeLimit(.minutes(1)))
    struct LocalAddressTests {
        /// 127.0.0.5, which no route would choose as a source.
        private static let asked = SocketEndpoint(ipv4: 0x7f00_0005, port: 0)

        /// Sends a datagram to `server` under 127.0.0.5, answers it with `sizes`, and returns who the answers came from.
        private func sources(
            of sizes: [Int], from server: borrowing UDPSocket, with leaving: inout SendBatch, tells: Bool = true
        ) throws -> [SocketEndpoint?] {
            let client = try UDPSocket(bindingTo: .loopback(port: 0))
            var asking = SendBatch()
            asking.begin(
                SocketEndpoint(ipv4: UInt32(Self.asked.low), port: server.local.port), onIPv6Socket: false)
            asking.reserve().storeBytes(of: 1, as: UInt8.self)
            asking.commit(length: 1)
            asking.flush(to: client)
            var arrived = ReceiveBatch()
            try #require(isReadable(server.descriptor))
            let count = arrived.receive(from: server)
            try #require(count == 1)
            let local = arrived.local(0)
            #expect(local == (tells ? Self.asked : .unspecified))
            let source = arrived.source(0)
            leaving.begin(NetworkPath(remote: try #require(source), local: local), onIPv6Socket: server.isIPv6)
            for size in sizes {
                leaving.reserve().initializeMemory(as: UInt8.self, repeating: 7, count: size)
                leaving.commit(length: size)
            }
            leaving.flush(to: server)
            var sources: [SocketEndpoint?] = []
            while sources.count < sizes.count {
                try #require(isReadable(client.descriptor), "only \(sources.count) of \(sizes.count) came")
                for index in 0..<arrived.receive(from: client) { sources.append(arrived.source(index)) }
            }
            return sources
        }

        @Test("Answers leave from the address that was asked, segmented or not", arguments: [true, false])
        func answers(segmentation: Bool) throws {
            let server = try UDPSocket(bindingTo: SocketEndpoint(ipv4: 0, port: 0), tellsLocalAddresses: true)
            var leaving = SendBatch(usesSegmentation: segmentation)
            let sizes = [600, 600, 600, 20, 600]
            let sources = try sources(of: sizes, from: server, with: &leaving)
            #expect(sources == sizes.map { _ in SocketEndpoint(ipv4: 0x7f00_0005, port: server.local.port) })
            #expect(leaving.refusedDatagrams == 0)
            #expect(leaving.systemCalls == 1)
        }

        @Test("A socket of both families does so for IPv4 too", .enabled(if: BatchTests.machineHasIPv6))
        func bothFamilies() throws {
            let server = try UDPSocket(
                bindingTo: SocketEndpoint(ipv6High: 0, low: 0, port: 0), tellsLocalAddresses: true)
            var leaving = SendBatch()
            let sources = try sources(of: [600, 600], from: server, with: &leaving)
            #expect(
                sources
                    == [Self.asked, Self.asked].map { SocketEndpoint(ipv4: UInt32($0.low), port: server.local.port) })
        }

        @Test(
            "IPv6 datagrams tell their local address, and answers leave from it",
            .enabled(if: BatchTests.machineHasIPv6))
        func sixes() throws {
            let server = try UDPSocket(
                bindingTo: SocketEndpoint(ipv6High: 0, low: 0, port: 0), tellsLocalAddresses: true)
            let client = try UDPSocket(bindingTo: SocketEndpoint(ipv6High: 0, low: 1, port: 0))
            var batch = SendBatch()
            batch.begin(SocketEndpoint(ipv6High: 0, low: 1, port: server.local.port), onIPv6Socket: true)
            batch.reserve().storeBytes(of: 1, as: UInt8.self)
            batch.commit(length: 1)
            batch.flush(to: client)
            var arrived = ReceiveBatch()
            try #require(isReadable(server.descriptor))
            _ = arrived.receive(from: server)
            let source = arrived.source(0)
            let path = NetworkPath(remote: try #require(source), local: arrived.local(0))
            #expect(path == NetworkPath(remote: client.local, local: SocketEndpoint(ipv6High: 0, low: 1, port: 0)))
            batch.begin(path, onIPv6Socket: true)
            batch.reserve().storeBytes(of: 2, as: UInt8.self)
            batch.commit(length: 1)
            batch.flush(to: server)
            #expect(batch.refusedDatagrams == 0)
            try #require(isReadable(client.descriptor))
            let count = arrived.receive(from: client)
            #expect(count == 1)
        }

        @Test("A socket bound to one address is not asked to tell")
        func boundToOne() throws {
            let server = try UDPSocket(
                bindingTo: SocketEndpoint(ipv4: UInt32(Self.asked.low), port: 0), tellsLocalAddresses: true)
            var leaving = SendBatch()
            let sources = try sources(of: [5], from: server, with: &leaving, tells: false)
            #expect(sources == [server.local])
        }

        @Test("An address that is gone costs its own datagrams alone: segmentation stays")
        func goneAddress() throws {
            let server = try UDPSocket(bindingTo: SocketEndpoint(ipv4: 0, port: 0), tellsLocalAddresses: true)
            let client = try UDPSocket(bindingTo: .loopback(port: 0))
            var leaving = SendBatch()
            let before = leaving.usesSegmentation
            // 192.0.2.1 (RFC 5737) is no address of this machine.
            leaving.begin(client.local, from: SocketEndpoint(ipv4: 0xc000_0201, port: 0), onIPv6Socket: false)
            for _ in 0..<3 {
                leaving.reserve().initializeMemory(as: UInt8.self, repeating: 7, count: 500)
                leaving.commit(length: 500)
            }
            leaving.flush(to: server)
            #expect(leaving.refusedDatagrams == 3)
            #expect(leaving.usesSegmentation == before)
        }
    }
#endif
