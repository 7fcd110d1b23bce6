public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

extension SocketEndpoint {
    /// The addresses of a name, best first as the system orders them (RFC 6724); of a literal address only itself.
    ///
    /// The system's resolver blocks, so it gets a thread of its own for each name. Empty when the name has no address.
    /// - Parameter port: The port that all of them get.
    public static func resolve(_ name: String, port: UInt16) async -> [SocketEndpoint] {
        if let literal = SocketEndpoint(address: name, port: port) { return [literal] }
        return await withCheckedContinuation { continuation in
            let question = Question(name: name, port: port, continuation: continuation)
            let pointer = Unmanaged.passRetained(question).toOpaque()
            #if canImport(Darwin)
                var thread: pthread_t?
            #else
                var thread = pthread_t()
            #endif
            let result = pthread_create(&thread, nil, answer, pointer)
            guard result == 0 else {
                Unmanaged<Question>.fromOpaque(pointer).release()
                continuation.resume(returning: [])
                return
            }
            #if canImport(Darwin)
                if let thread { pthread_detach(thread) }
            #else
                pthread_detach(thread)
            #endif
        }
    }

    private final class Question: Sendable {
        let name: String
        let port: UInt16
        let continuation: CheckedContinuation<[SocketEndpoint], Never>

        init(name: String, port: UInt16, continuation: CheckedContinuation<[SocketEndpoint], Never>) {
            self.name = name
            self.port = port
            self.continuation = continuation
        }
    }

    #if canImport(Darwin)
        private static let answer: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { pointer in
            run(pointer)
            return nil
        }
    #else
        private static let answer: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
            if let pointer { run(pointer) }
            return nil
        }
    #endif

    private static func run(_ pointer: UnsafeMutableRawPointer) {
        let question = Unmanaged<Question>.fromOpaque(pointer).takeRetainedValue()
        question.continuation.resume(returning: lookUp(question.name, port: question.port))
    }

    private static func lookUp(_ name: String, port: UInt16) -> [SocketEndpoint] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let list else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketEndpoint] = []
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let source = entry.pointee.ai_addr, found.count < 16 else { continue }
            var address = SocketAddress()
            let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &address.storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: length))
            }
            guard var endpoint = address.endpoint else { continue }
            endpoint.port = port
            if !found.contains(endpoint) { found.append(endpoint) }
        }
        return found
    }
}
