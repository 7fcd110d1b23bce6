package import DTLS
internal import Glibc
package import ICE
package import MediaIO
package import ProtocolCore
package import RTP
internal import SRTP
internal import STUN

/// A WebRTC client without codecs, on a real socket: checks connectivity, shakes hands, sends and receives SRTP.
///
/// For tests and benchmarks of the media worker. It is driven by hand: nothing happens between calls.
package struct SyntheticPeer: ~Copyable {
    /// A packet that arrived, decrypted.
    package struct Received: Sendable {
        package var header: RTPHeader
        package var payload: [UInt8]
        package var audioLevel: UInt8?
        package var transportSequence: UInt16?
    }

    package private(set) var socket: UDPSocket
    /// Whether it answers Binding requests, as every full agent does.
    package var answersChecks = true
    /// Its own, as those of any client are: whoever knows them can answer in its name.
    package let credentials: ICECredentials
    package private(set) var isConnected = false
    /// RTP packets received since `takeReceived`.
    package private(set) var received: [Received] = []
    /// Whether the datagrams of media are kept as they come, for `takeDatagrams`.
    package var keepsDatagrams = false
    private var datagrams: [[UInt8]] = []
    /// RTCP packets received since the beginning.
    package private(set) var reports: [RTCPPacket] = []
    package private(set) var failures: [String] = []

    private let server: SocketEndpoint
    private let dtls: DTLSSession
    private var batch = ReceiveBatch()
    private var outgoing = SendBatch(usesSegmentation: false)
    private var sender: SRTPSender?
    private var receiver: SRTPReceiver?
    private var states: [SSRC: SRTPReceiveState] = [:]
    private var transaction: UInt8 = 0
    private var sentBytes = 0
    private var feedbackCount: UInt8 = 0
    private var arrivals = TransportFeedbackRecorder(sender: SSRC(1), media: SSRC(0))
    private let extensions: HeaderExtensionMap
    private var nextTransportSequence: UInt16 = 0

    /// Extension ids that synthetic peers use.
    package static var extensionMap: HeaderExtensionMap {
        var map = HeaderExtensionMap()
        map[1] = .audioLevel
        map[3] = .transportSequence
        map[4] = .mid
        map[5] = .dependencyDescriptor
        return map
    }

    /// Opens a socket. Throws `SystemError` or `DTLSError`.
    package static func make(
        server: SocketEndpoint, identity: DTLSIdentity, serverIdentity: DTLSIdentity
    ) throws -> SyntheticPeer {
        let dtls = try DTLSSession(
            identity: identity, role: .client, expectedFingerprints: [serverIdentity.fingerprint])
        return SyntheticPeer(socket: try UDPSocket(bindingTo: .loopback(port: 0)), server: server, dtls: dtls)
    }

    private init(socket: consuming UDPSocket, server: SocketEndpoint, dtls: DTLSSession) {
        let port = socket.local.port
        credentials = ICECredentials(ufrag: "synthetic\(port)", password: "a-password-of-its-own-\(port)")
        self.socket = socket
        self.server = server
        self.dtls = dtls
        extensions = SyntheticPeer.extensionMap
    }

    /// Sends a connectivity check that nominates the pair.
    package mutating func check(_ remote: ICECredentials) {
        send(connectivityCheck(remote))
    }

    /// The bytes of a connectivity check that nominates the pair.
    package mutating func connectivityCheck(_ remote: ICECredentials) -> [UInt8] {
        transaction &+= 1
        return MediaLab.connectivityCheck(from: credentials, to: remote, transaction: transaction)
    }

    /// Goes on under another address, as a client whose network has changed.
    package mutating func changeAddress() throws {
        socket = try UDPSocket(bindingTo: .loopback(port: 0))
    }

    /// How many bytes wait in the socket, which are taken, and how many were sent.
    package mutating func countDatagrams() -> (bytes: Int, own: Int) {
        var bytes = 0
        while true {
            let count = batch.receive(from: socket)
            guard count > 0 else { return (bytes, sentBytes) }
            for index in 0..<count { bytes += batch.datagram(index).count }
        }
    }

    /// Starts the handshake, when the server has answered a check.
    package mutating func startHandshake(now: Instant) {
        dtls.start(now: now)
        drive()
    }

    /// Takes what has arrived and answers it as DTLS wants.
    package mutating func readable(now: Instant) {
        while true {
            let count = batch.receive(from: socket)
            guard count > 0 else { break }
            for index in 0..<count {
                // Somebody behind a firewall would not get what comes from elsewhere.
                guard batch.source(index) == server else {
                    failures.append("a datagram from elsewhere")
                    continue
                }
                receive(UnsafeRawBufferPointer(batch.datagram(index)), now: now)
            }
        }
        while let feedback = arrivals.poll(now: now) { sendControl([.transportFeedback(feedback)]) }
        drive()
    }

    package mutating func takeDatagrams() -> [[UInt8]] {
        defer { datagrams = [] }
        return datagrams
    }

    package mutating func takeReceived() -> [Received] {
        defer { received = [] }
        return received
    }

    private mutating func receive(_ datagram: UnsafeRawBufferPointer, now: Instant) {
        guard let first = datagram.first else { return }
        switch first {
        case 0...3:
            if answersChecks, let answer = answer(toCheck: datagram) { send(answer) }
        case 20...63:
            dtls.handle(datagram.bytes, now: now)
            drive()
        case 128...191:
            if datagram.count > 1, 192...223 ~= datagram[1] {
                receiveControl(datagram)
            } else {
                receiveMedia(datagram, now: now)
            }
        default:
            break
        }
    }

    /// The answer to a Binding request that is for us; nil for what is none.
    private func answer(toCheck datagram: UnsafeRawBufferPointer) -> [UInt8]? {
        let key = Array(credentials.password.utf8)
        guard let request = try? STUNMessage(parsing: datagram.bytes), request.messageClass == .request,
            request.username?.hasPrefix("\(credentials.ufrag):") == true, request.hasValidFingerprint,
            request.hasValidIntegrity(key: key)
        else { return nil }
        var answer = STUNMessageBuilder(successTo: request)
        answer.add(xorMappedAddress: server)
        return answer.finish(integrityKey: key)
    }

    private mutating func receiveControl(_ datagram: UnsafeRawBufferPointer) {
        guard let compound = try? receiver?.unprotectRTCP(datagram.bytes),
            let packets = try? RTCPCompound.parse(compound.span.bytes)
        else {
            failures.append("RTCP")
            return
        }
        reports += packets
    }

    private mutating func receiveMedia(_ datagram: UnsafeRawBufferPointer, now: Instant) {
        if keepsDatagrams { datagrams.append(Array(datagram)) }
        guard let base = datagram.baseAddress, let header = try? RTPHeader(parsing: datagram.bytes),
            let values = try? ReceivedExtensions(parsing: datagram.bytes, header: header, map: extensions)
        else {
            failures.append("RTP header")
            return
        }
        var state = states[header.ssrc] ?? SRTPReceiveState()
        var length = -1
        let payload = [UInt8](unsafeUninitializedCapacity: 2048) { buffer, count in
            length =
                receiver?.unprotect(
                    packet: base, length: datagram.count, headerLength: header.headerLength,
                    into: UnsafeMutableRawPointer(buffer.baseAddress!), capacity: 2048, state: &state) ?? -1
            count = max(0, length)
        }
        guard length >= 0 else {
            failures.append("SRTP \(length) ssrc \(header.ssrc) seq \(header.sequenceNumber)")
            return
        }
        states[header.ssrc] = state
        if let number = values.transportSequence { arrivals.record(transportSequence: number, at: now) }
        received.append(
            Received(
                header: header, payload: payload, audioLevel: values.audioLevel?.rawValue,
                transportSequence: values.transportSequence))
    }

    private mutating func drive() {
        while let output = dtls.poll() {
            switch output {
            case .transmit(let datagram):
                send(datagram)
            case .connected(let keys):
                sender = SRTPSender(keys)
                receiver = SRTPReceiver(keys)
                isConnected = true
            case .failed(let error):
                failures.append(String(describing: error))
            case .received:
                break
            case .closed:
                isConnected = false
            }
        }
    }

    /// Ends the connection in order, as a tab does that is closed.
    package mutating func close() {
        dtls.close()
        drive()
    }

    package mutating func send(_ datagram: [UInt8]) {
        sentBytes += datagram.count
        outgoing.begin(server, onIPv6Socket: false)
        datagram.withUnsafeBytes { outgoing.reserve().copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        outgoing.commit(length: datagram.count)
        outgoing.flush(to: socket)
    }

    /// Encrypts and sends an RTP packet, with the extensions that the synthetic map names.
    package mutating func sendMedia(
        ssrc: SSRC, payloadType: UInt8, sequence: UInt16, timestamp: UInt32, marker: Bool = false, rollover: UInt32 = 0,
        audioLevel: UInt8? = nil, mid: String? = nil, dependencyDescriptor: [UInt8]? = nil,
        transportSequence: UInt16? = nil, payload: UnsafeRawBufferPointer, flushes: Bool = true
    ) {
        outgoing.begin(server, onIPv6Socket: false)
        let out = outgoing.reserve()
        _ = RTPHeader.write(
            marker: marker, payloadType: PayloadType(payloadType), sequenceNumber: SequenceNumber(sequence),
            timestamp: RTPTimestamp(timestamp), ssrc: ssrc, hasExtension: true, hasPadding: false, into: out,
            capacity: 2048)
        var writer = HeaderExtensionWriter(into: out + 12, capacity: 64)
        if let transportSequence { nextTransportSequence = transportSequence }
        _ = writer.append(id: 3, uint16: nextTransportSequence)
        nextTransportSequence &+= 1
        if let audioLevel { _ = writer.append(id: 1, uint8: audioLevel) }
        if let mid { _ = Array(mid.utf8).withUnsafeBytes { writer.append(id: 4, bytes: $0) } }
        if let dependencyDescriptor {
            _ = dependencyDescriptor.withUnsafeBytes { writer.append(id: 5, bytes: $0) }
        }
        let headerLength = 12 + writer.finish()
        let length =
            sender?.protect(
                header: out, headerLength: headerLength, payload: payload.baseAddress!, payloadLength: payload.count,
                rolloverCounter: rollover) ?? -1
        precondition(length > 0, "sendMedia before the handshake is done")
        outgoing.commit(length: length)
        if flushes { outgoing.flush(to: socket) }
    }

    package mutating func sendControl(_ packets: [RTCPPacket]) {
        var bytes: [UInt8] = []
        for packet in packets { packet.append(to: &bytes) }
        sendControl(bytes)
    }

    /// Encrypts and sends what need not be RTCP but for its first eight bytes.
    package mutating func sendControl(_ bytes: [UInt8]) {
        if let protected = protectControl(bytes) { send(protected) }
    }

    /// The bytes of an SRTCP packet; nil before the handshake is done.
    package mutating func protectControl(_ bytes: [UInt8]) -> [UInt8]? {
        sender?.protectRTCP(bytes)
    }

    /// Reports so many packets in a row as having arrived one behind the other (250 µs apart), without looking at what
    /// did.
    package mutating func reportArrivals(from first: UInt16, count: Int, at now: Instant) {
        let reference = Int32(truncatingIfNeeded: now.nanoseconds / 64_000_000)
        let ticks = Int32(truncatingIfNeeded: now.nanoseconds % 64_000_000 / 250_000)
        let packets = (0..<count).map { index in
            TransportFeedback.Packet(
                sequence: SequenceNumber(first &+ UInt16(truncatingIfNeeded: index)),
                deltaTicks: Int16(truncatingIfNeeded: index == 0 ? ticks : 1))
        }
        sendControl([
            .transportFeedback(
                TransportFeedback(
                    sender: SSRC(1), media: SSRC(0), feedbackCount: feedbackCount, referenceTime: reference & 0x7f_ffff,
                    packets: packets))
        ])
        feedbackCount &+= 1
    }

    package mutating func flush() {
        outgoing.flush(to: socket)
    }
}

/// A Binding request as a controlling agent sends it, nominating the pair (RFC 8445 §7.2).
private func connectivityCheck(from local: ICECredentials, to remote: ICECredentials, transaction: UInt8) -> [UInt8] {
    var builder = STUNMessageBuilder(
        .request, transactionID: STUNMessage.TransactionID(high: 7, low: UInt64(transaction)))
    builder.add(username: "\(remote.ufrag):\(local.ufrag)")
    builder.add(iceControlling: 1)
    builder.add(priority: 2_113_937_151)
    builder.addUseCandidate()
    return builder.finish(integrityKey: Array(remote.password.utf8))
}
