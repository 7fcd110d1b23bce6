public import Logging
public import NIOCore
public import NIOPosix
public import ProtocolCore
public import ServiceLifecycle

/// The TCP doors to the media workers (RFC 6544): one on the port number of each worker's UDP port.
///
/// Each connection gets a UDP socket of its own toward the worker, so that to the worker it is one more peer with an
/// address of its own, and media travels through the worker as if all the world spoke UDP.
public final class ICETCPAcceptor: Service {
    /// One media worker.
    public struct Door: Sendable, Hashable {
        /// The address on which connections are taken; its port is the worker's.
        public var listen: SocketEndpoint
        /// Where the worker's UDP socket is reached from this machine.
        public var worker: SocketEndpoint

        public init(listen: SocketEndpoint, worker: SocketEndpoint) {
            self.listen = listen
            self.worker = worker
        }
    }

    private let listeners: [any Channel]

    /// Opens the doors. Throws what the system says when one cannot be opened; then none is.
    public init(
        _ doors: [Door], limits: RelayLimits = RelayLimits(), meter: RelayMetering, logger: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws {
        let meter = meter.meter
        let quota = ConnectionQuota(limits.bounds(perOwner: limits.connectionsPerParticipant)) { bound in
            meter.count(.ice(bound))
            meter.refusedConnections.count()
        }
        var listeners: [any Channel] = []
        do {
            for door in doors {
                listeners.append(
                    try await ServerBootstrap(group: group)
                        .serverChannelOption(.backlog, value: 256)
                        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .childChannelOption(
                            .writeBufferWaterMark, value: .init(low: limits.unsentBytes / 2, high: limits.unsentBytes)
                        )
                        .childChannelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(
                                    ICETCPHandler(
                                        worker: door.worker, limits: limits, quota: quota, meter: meter,
                                        logger: logger))
                            }
                        }
                        .bind(to: SocketAddress(door.listen)).get())
            }
        } catch {
            for listener in listeners { try? await listener.close() }
            throw error
        }
        self.listeners = listeners
    }

    /// The ports on which connections are taken, in the order of the doors.
    public var ports: [UInt16] {
        listeners.map { $0.localAddress?.endpoint?.port ?? 0 }
    }

    /// Keeps the doors open until a graceful stop.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    public func close() async {
        for listener in listeners { try? await listener.close() }
    }
}
