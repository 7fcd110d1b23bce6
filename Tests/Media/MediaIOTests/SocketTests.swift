import CSockets
import ProtocolCore
import Testing

@testable import MediaIO

@Suite("Sockets, addresses and clocks")
struct SocketTests {
    private func isPrepared(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0 && fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0
    }

    @Test("Descriptors never block and end with the program")
    func descriptors() throws {
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        #expect(isPrepared(socket.descriptor))
        let stream = csockets_stream_socket(AF_INET)
        defer { close(stream) }
        #expect(isPrepared(stream))
        var ends: [Int32] = [-1, -1]
        try #require(csockets_pipe(&ends) == 0)
        #expect(ends.allSatisfy(isPrepared))
        for end in ends { close(end) }
    }

    @Test("A family that does not exist is an error, not a descriptor")
    func unknownFamily() {
        #expect(csockets_datagram_socket(9_999) == -1)
        #expect(errno != 0)
    }

    @Test("A port is bound once")
    func takenPort() throws {
        let first = try UDPSocket(bindingTo: .loopback(port: 0))
        #expect(first.local.port != 0)
        var reason: Int32?
        do throws(SystemError) {
            _ = try UDPSocket(bindingTo: first.local)
        } catch {
            reason = error.number
        }
        #expect(reason == EADDRINUSE)
    }

    @Test("Buffers are as large as the system allows, and never the smallest")
    func buffers() throws {
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        for option in [SO_RCVBUF, SO_SNDBUF] {
            var size: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.descriptor, SOL_SOCKET, option, &size, &length)
            #expect(size >= UDPSocket.smallestBufferSize)
        }
    }

    @Test(
        "An address survives the kernel's form",
        arguments: [
            SocketEndpoint(ipv4: 0xc000_0201, port: 65_535),
            SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 0x1234_5678_9abc_def0, port: 1),
        ])
    func addresses(endpoint: SocketEndpoint) {
        let plain = SocketAddress(endpoint, onIPv6Socket: false)
        #expect(plain.endpoint == endpoint)
        #expect(Int32(plain.storage.sin6_family) == (endpoint.isIPv6 ? AF_INET6 : AF_INET))
        let mapped = SocketAddress(endpoint, onIPv6Socket: true)
        #expect(mapped.endpoint == endpoint)
        #expect(Int32(mapped.storage.sin6_family) == AF_INET6)
        #expect(SocketAddress().endpoint == nil)
    }

    @Test("Literal addresses are read, names are not")
    func literals() {
        #expect(SocketEndpoint(address: "192.0.2.1", port: 5) == SocketEndpoint(ipv4: 0xc000_0201, port: 5))
        #expect(SocketEndpoint(address: "::1", port: 5) == SocketEndpoint(ipv6High: 0, low: 1, port: 5))
        #expect(SocketEndpoint(address: "localhost", port: 5) == nil)
    }

    @Test("Clocks go forward")
    func clocks() {
        let start = MonotonicClock.now()
        let startOfCPU = MonotonicClock.threadCPUNanoseconds()
        var value: UInt64 = 1
        while MonotonicClock.threadCPUNanoseconds() == startOfCPU { value = value &* 3 &+ 1 }
        #expect(MonotonicClock.now() > start)
        #expect(MonotonicClock.unixSeconds() > 1_700_000_000, "this was written later than that: \(value)")
    }
}
