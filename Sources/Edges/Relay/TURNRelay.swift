public import Logging
public import MediaIO
public import NIOCore
public import NIOPosix
internal import ProtocolCore
public import ServiceLifecycle
internal import TURN

/// The TURN server: its UDP and TCP port, and what it adds to connections that others have accepted.
public final class TURNRelay: Service {
    private let surroundings: RelaySurroundings
    private let connectionQuota: ConnectionQuota
    private let group: any EventLoopGroup
    private let meter: RelayMeter
    private let listeners: [any Channel]
    /// The port number of both UDP and TCP.
    public let port: UInt16

    /// Opens the port. Throws what the system says when it cannot be opened.
    public init(
        _ configuration: TURNConfiguration, meter: RelayMetering, logger: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws {
        let surroundings = RelaySurroundings(configuration, meter: meter.meter, logger: logger)
        let (limits, counting) = (configuration.limits, meter.meter)
        let quota = ConnectionQuota(limits.bounds(perOwner: limits.connectionsPerUser)) { bound in
            counting.count(.turn(bound))
            counting.refusedConnections.count()
        }
        self.surroundings = surroundings
        connectionQuota = quota
        self.meter = meter.meter
        self.group = group
        // With port 0 the kernel chooses one for UDP, which may be taken for TCP.
        var attempt = 1
        while true {
            let datagrams = try await Self.bindUDP(surroundings, group)
            let port = datagrams.localAddress?.endpoint?.port ?? 0
            do {
                var endpoint = configuration.listen
                endpoint.port = port
                let streams = try await Self.bindTCP(endpoint, surroundings, quota, group)
                listeners = [datagrams, streams]
                self.port = port
                return
            } catch {
                try? await datagrams.close()
                guard configuration.listen.port == 0, attempt < 5 else { throw error }
                attempt += 1
            }
        }
    }

    private static func bindUDP(
        _ surroundings: RelaySurroundings, _ group: any EventLoopGroup
    ) async throws -> any Channel {
        try await DatagramBootstrap(group: group)
            .channelOption(.datagramVectorReadMessageCount, value: RelayDriver.datagramsPerRead)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(
                    capacity: RelayDriver.datagramsPerRead * RelayDriver.largestDatagram)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: 1 << 20)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TURNDatagramHandler(surroundings))
                }
            }
            .bind(to: SocketAddress(surroundings.configuration.listen)).get()
    }

    private static func bindTCP(
        _ endpoint: SocketEndpoint, _ surroundings: RelaySurroundings, _ quota: ConnectionQuota,
        _ group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try addStreamHandler(to: channel, .tcp, surroundings, quota)
                }
            }
            .bind(to: SocketAddress(endpoint)).get()
    }

    private static func addStreamHandler(
        to channel: any Channel, _ transport: TURNClient.Transport, _ surroundings: RelaySurroundings,
        _ quota: ConnectionQuota
    ) throws {
        let limit = surroundings.configuration.limits.unsentBytes
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: limit / 2, high: limit))
        try channel.pipeline.syncOperations.addHandler(
            TURNStreamHandler(surroundings, transport: transport, connectionQuota: quota))
    }

    /// Makes an accepted TLS connection one of the TURN server, behind the handlers that it has. To be called on the
    /// connection's event loop.
    public func takeOver(_ channel: any Channel) throws {
        try Self.addStreamHandler(to: channel, .tls, surroundings, connectionQuota)
    }

    /// Keeps the port open until a graceful stop.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Closes the port; connections of clients end when they do.
    public func close() async {
        for listener in listeners { try? await listener.close() }
    }
}

/// Where the relay and the TCP doors count; one for the whole process.
public struct RelayMetering: Sendable {
    let meter = RelayMeter()

    public init() {}

    public var counters: RelayCounters { meter.counters }

    /// Whose sockets toward the media workers are on behalf of clients, and how these have come.
    public var ports: RelayedPorts { meter.ports }
}
