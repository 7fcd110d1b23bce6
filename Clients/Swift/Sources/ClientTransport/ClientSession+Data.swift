internal import Congestion
internal import DTLS
public import DataChannels
public import ICE
public import ProtocolCore
internal import SCTP
internal import SDP

/// Data channels: SCTP inside DTLS, through the same pacer as pictures.
extension ClientSession {
    /// How soon data that waits for the pacer is looked at again.
    private static let dataPause: Duration = .milliseconds(5)
    /// What IP, UDP and DTLS add to a packet of SCTP.
    private static let dataOverhead = 28 + 37

    /// The next offers have a line of data channels; ``Event/dataOpened`` tells when they may be used.
    ///
    /// - Parameter wantsReceipts: Whether the server is to say what became of each durable message. A receipt comes as an
    ///   envelope without a sender, see ``DataReceipt``.
    public mutating func enableData(wantsReceipts: Bool = false) {
        data.isWanted = true
        data.wantsReceipts = wantsReceipts
    }

    /// Sends a message on a data channel.
    /// - Returns: Whether it was taken: there is a channel, and less than a megabyte waits.
    @discardableResult
    public mutating func sendData(
        _ envelope: DataEnvelope, _ kind: DataChannelKind, now: Instant, into output: inout DatagramBuffer
    ) -> Bool {
        guard envelope.payload.count <= DataEnvelope.largestPayload, let channel = data.channels[kind],
            (try? data.transport?.send(.binary(envelope.bytes), on: channel, now: now)) != nil
        else { return false }
        counters.sentDataMessages += 1
        if let path = ice.path { advanceData(now: now, path: path, into: &output) }
        return true
    }

    /// Bytes of data that wait to be sent or to be acknowledged.
    public var bufferedData: Int { data.transport?.bufferedAmount ?? 0 }

    mutating func openData(now: Instant) {
        guard data.isWanted, data.transport == nil, let answered, let line = answered.data else { return }
        var association = SCTPConfiguration(seed: generator.next())
        association.localPort = DataLine.port
        association.remotePort = line.remotePort
        association.largestIncomingMessage = DataLine.maximumMessageSize
        association.largestOutgoingMessage = min(line.remoteMaximumMessageSize, DataLine.maximumMessageSize)
        var transport = DataChannelTransport(
            DataChannelConfiguration(
                role: answered.ourDTLSRole == .client ? .client : .server, association: association))
        transport.connect(now: now)
        for kind in DataChannelKind.allCases {
            data.channels[kind] = try? transport.open(
                label: kind.rawValue,
                protocol: kind == .durable && data.wantsReceipts ? DataReceipt.subprotocol : "",
                delivery: kind.delivery, now: now)
        }
        data.transport = transport
        data.due = now
    }

    /// Takes what DTLS has decrypted; the answers go at the next ``advance(now:into:)``, which is due at once.
    mutating func receiveData(_ record: [UInt8], now: Instant) {
        data.transport?.receive(record.span.bytes, now: now)
        takeDataEvents(now: now)
        data.due = now
    }

    private mutating func takeDataEvents(now: Instant) {
        while let event = data.transport?.poll(now: now) {
            switch event {
            case .established:
                data.isOpen = true
                events.append(.dataOpened)
            case .message(let channel, .binary(let bytes)):
                guard let kind = data.channels.first(where: { $0.value == channel })?.key,
                    let envelope = try? DataEnvelope(parsing: bytes.span.bytes)
                else {
                    counters.refusedDataMessages += 1
                    continue
                }
                counters.receivedDataMessages += 1
                events.append(.data(kind, envelope))
            case .message(_, .text): counters.refusedDataMessages += 1
            case .closed(let channel): data.channels = data.channels.filter { $0.value != channel }
            case .ended:
                data.reset()
                events.append(.dataClosed)
            case .opened, .acknowledged: break
            }
        }
    }

    /// Sends what SCTP wants to send: control at once, data as the pacer has room.
    mutating func advanceData(now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer) {
        guard data.transport != nil, let dtls else { return }
        if let due = data.transport?.deadline, due <= now { data.transport?.advance(now: now) }
        repeat {
            takeDataEvents(now: now)
            while data.transport?.nextControlPacket(now: now, into: &data.packet) == true { dtls.send(data.packet) }
        } while data.transport?.hasControlToSend == true
        while !extensions.hasTransportSequence || pacer.budget(now: now) > 0,
            data.transport?.nextDataPacket(now: now, into: &data.packet) == true
        {
            dtls.send(data.packet)
            if extensions.hasTransportSequence { pacer.spent(data.packet.count + Self.dataOverhead, now: now) }
        }
        data.due = data.transport?.deadline
        data.hasDataToSend = data.transport?.hasDataToSend == true
        if data.hasDataToSend { data.due = min(data.due ?? (now + Self.dataPause), now + Self.dataPause) }
        driveDTLS(now: now, into: &output)
    }
}
