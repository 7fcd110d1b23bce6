import Glibc
import ProtocolCore
import Testing

/// A plain UDP socket on loopback, for the program on either side of a relay.
final class LoopbackSocket {
    private let descriptor: Int32
    let port: UInt16

    /// How long `receive` waits before it gives up: only a broken relay comes near it.
    private static let patience: Int32 = 20_000

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = LoopbackSocket.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(descriptor, $0, length) == 0)
                try #require(getsockname(descriptor, $0, &length) == 0)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        close(descriptor)
    }

    var endpoint: SocketEndpoint { .loopback(port: port) }

    func send(_ bytes: [UInt8], to port: UInt16) throws {
        var address = LoopbackSocket.address(port: port)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(sent == bytes.count)
    }

    /// The next datagram, and the port it came from.
    func receive() throws -> (bytes: [UInt8], from: UInt16) {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        try #require(poll(&ready, 1, LoopbackSocket.patience) == 1, "nothing arrived at port \(port)")
        return try #require(take())
    }

    /// Every datagram that has arrived by now.
    func receiveAll() -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        while let datagram = take() { datagrams.append(datagram.bytes) }
        return datagrams
    }

    private func take() -> (bytes: [UInt8], from: UInt16)? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var address = LoopbackSocket.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT), $0, &length)
            }
        }
        guard count >= 0 else { return nil }
        return (Array(buffer.prefix(count)), UInt16(bigEndian: address.sin_port))
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
