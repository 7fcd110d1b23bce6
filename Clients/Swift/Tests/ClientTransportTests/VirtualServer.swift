import DTLS
import ICE
import ProtocolCore
import RTP
import SDP
import SRTP

/// The server's side of one transport, without a socket: answers the offer, keeps what arrives, sends into slots.
struct VirtualServer: ~Copyable {
    struct Received {
        var header: RTPHeader
        var payload: [UInt8]
        var values: ReceivedExtensions
        var mid: String?
        var at: Instant
    }

    static let endpoint = SocketEndpoint(ipv4: 0xc633_6401, port: 40_000)
    static let identity = try? DTLSIdentity.generate(unixTime: 1_700_000_000)

    let identity: DTLSIdentity
    /// The address that its answers name.
    private let address: SocketEndpoint
    private(set) var session: NegotiatedSession?
    private var ice: ICELiteAgent?
    private var dtls: DTLSSession?
    private var sender: SRTPSender?
    private var receiver: SRTPReceiver?
    private var states: [SSRC: SRTPReceiveState] = [:]
    private var losses: [SSRC: NackGenerator] = [:]
    private var statistics: [SSRC: ReceiveStatistics] = [:]
    private var arrivals = TransportFeedbackRecorder(sender: SSRC(1), media: SSRC(2))
    private var nextReport = Instant.zero
    private var version: UInt64 = 0
    private(set) var received: [Received] = []
    private(set) var reports: [RTCPPacket] = []
    private(set) var isConnected = false
    /// What goes back to the client.
    var outbox: [[UInt8]] = []
    var maximumLayers = 4
    var candidates: [Candidate]
    /// Whether lost packets are asked for.
    var repairs = true
    private var sentPayloads: [SSRC: [UInt16: [UInt8]]] = [:]
    private var nextRTX: UInt16 = 0
    private var nextTransportSequence: UInt16 = 0

    init(identity: DTLSIdentity, address: SocketEndpoint = VirtualServer.endpoint) {
        self.identity = identity
        self.address = address
        candidates = [Candidate(host: address)]
    }

    mutating func answer(_ text: String, purposes: [Mid: LinePurpose]) throws -> String {
        let offer = try SessionDescription(parsing: text)
        let restarts = session.map { Answerer.isICERestart(offer, after: $0) } ?? true
        version += 1
        let credentials =
            restarts
            ? ICECredentials(ufrag: "server\(version)", password: "serverPassword\(version)x0123456789")
            : ICECredentials(ufrag: localUfrag, password: localPassword)
        localUfrag = credentials.ufrag
        localPassword = credentials.password
        var parameters = AnswerParameters(
            sessionID: 1, sessionVersion: version, ice: credentials, candidates: candidates,
            fingerprint: SDP.CertificateFingerprint(
                algorithm: identity.fingerprint.algorithm.rawValue, digest: identity.fingerprint.bytes),
            cname: "server", purposes: purposes)
        parameters.maximumSimulcastLayers = maximumLayers
        var next: UInt32 = 1000
        let (answer, negotiated) = try Answerer.answer(offer, parameters: parameters, previous: session) {
            next += 1
            return SSRC(next)
        }
        if session == nil {
            ice = ICELiteAgent(local: credentials, remote: negotiated.remoteICE)
            dtls = try DTLSSession(
                identity: identity, role: .server,
                expectedFingerprints: negotiated.remoteFingerprints.compactMap { fingerprint in
                    DTLS.CertificateFingerprint.Algorithm(rawValue: fingerprint.algorithm).flatMap {
                        DTLS.CertificateFingerprint(algorithm: $0, bytes: fingerprint.digest)
                    }
                })
        } else if restarts {
            ice?.restart(
                localUfrag: credentials.ufrag, localPassword: credentials.password,
                remoteUfrag: negotiated.remoteICE.ufrag, remotePassword: negotiated.remoteICE.password)
        }
        session = negotiated
        return answer.description
    }

    private var localUfrag = ""
    private var localPassword = ""

    mutating func receive(_ datagram: [UInt8], from source: SocketEndpoint, now: Instant) {
        var bytes = datagram
        switch bytes[0] {
        case 0...3:
            if let response = ice?.handle(bytes.span.bytes, from: source, now: now).response { outbox.append(response) }
        case 20...63:
            dtls?.handle(bytes.span.bytes, now: now)
            drive()
        default:
            if RTCPCompound.isRTCP(bytes.span.bytes) {
                if let plain = try? receiver?.unprotectRTCP(bytes.span.bytes),
                    let packets = try? RTCPCompound.parse(plain.span.bytes)
                {
                    reports += packets
                    packets.forEach { resend($0) }
                    for case .senderReport(let report) in packets {
                        statistics[report.ssrc]?.recordSenderReport(ntpTime: report.ntpTime, at: now)
                    }
                }
            } else {
                receiveMedia(&bytes, now: now)
            }
        }
    }

    private mutating func drive() {
        while let output = dtls?.poll() {
            switch output {
            case .transmit(let datagram): outbox.append(datagram)
            case .connected(let keys):
                sender = SRTPSender(keys)
                receiver = SRTPReceiver(keys)
                isConnected = true
            case .received: break
            case .failed, .closed: isConnected = false
            }
        }
    }

    private mutating func receiveMedia(_ bytes: inout [UInt8], now: Instant) {
        guard let map = session?.lines.first?.extensions, let header = try? RTPHeader(parsing: bytes.span.bytes)
        else { return }
        var extensions = map
        for line in session?.lines ?? [] {
            for id in UInt8(1)...14 { if let kind = line.extensions[id] { extensions[id] = kind } }
        }
        guard let values = try? ReceivedExtensions(parsing: bytes.span.bytes, header: header, map: extensions) else {
            return
        }
        let mid = values.mid.flatMap { try? $0.text(in: bytes.span.bytes) }
        var state = states[header.ssrc] ?? SRTPReceiveState()
        let count = bytes.count
        let length = bytes.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.flatMap { base in
                receiver?.unprotect(
                    packet: base, length: count, headerLength: header.headerLength, into: base + header.headerLength,
                    capacity: count - header.headerLength, state: &state)
            } ?? -1
        }
        guard length >= 0 else { return }
        states[header.ssrc] = state
        if let number = values.transportSequence { arrivals.record(transportSequence: number, at: now) }
        statistics[header.ssrc, default: ReceiveStatistics(ssrc: header.ssrc)]
            .record(header, at: now, clockRate: 90_000)
        let payload = Array(bytes[header.headerLength..<header.headerLength + length])
        received.append(Received(header: header, payload: payload, values: values, mid: mid, at: now))
        let isMedia = [PayloadType(102), PayloadType(104)].contains(header.payloadType)
        if isMedia { losses[header.ssrc, default: NackGenerator()].record(header.sequenceNumber, at: now) }
        // What came again is not missing any more; which stream it is of is clear where there is one.
        if header.payloadType == PayloadType(103), payload.count > 2, !header.hasPadding, losses.count == 1 {
            let original = SequenceNumber(UInt16(payload[0]) << 8 | UInt16(payload[1]))
            for ssrc in losses.keys { noteRecovered(ssrc, original, at: now) }
        }
    }

    mutating func advance(now: Instant) {
        if let timeout = dtls?.timeout, timeout <= now {
            dtls?.handleTimeout(now: now)
            drive()
        }
        guard isConnected else { return }
        var packets: [RTCPPacket] = []
        while let feedback = arrivals.poll(now: now) { packets.append(.transportFeedback(feedback)) }
        for ssrc in losses.keys where repairs {
            // Only the first request of a test's packets has to be answered by their own number.
            let lost = losses[ssrc]?.poll(now: now) ?? []
            if !lost.isEmpty { packets.append(.genericNACK(GenericNACK(sender: SSRC(1), media: ssrc, lost: lost))) }
        }
        if now >= nextReport {
            nextReport = now + .seconds(1)
            let blocks = statistics.keys.sorted().compactMap { statistics[$0]?.reportBlock(now: now) }
            packets.append(.receiverReport(ReceiverReport(ssrc: SSRC(1), reports: blocks)))
        }
        sendControl(packets)
    }

    /// Notes that a retransmission brought a packet.
    mutating func noteRecovered(_ ssrc: SSRC, _ sequence: SequenceNumber, at now: Instant) {
        losses[ssrc]?.record(sequence, at: now)
    }

    mutating func sendControl(_ packets: [RTCPPacket]) {
        guard !packets.isEmpty else { return }
        var bytes: [UInt8] = []
        for packet in packets { packet.append(to: &bytes) }
        if let protected = sender?.protectRTCP(bytes) { outbox.append(protected) }
    }

    /// Sends a packet into a slot.
    mutating func send(
        _ payload: [UInt8], ssrc: SSRC, type: UInt8, sequence: UInt16, timestamp: UInt32, marker: Bool = true,
        original: UInt16? = nil
    ) {
        if original == nil { sentPayloads[ssrc, default: [:]][sequence] = payload }
        var packet = [UInt8](repeating: 0, count: 1500)
        let content = (original.map { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } ?? []) + payload
        let length = packet.withUnsafeMutableBytes { buffer -> Int in
            guard let out = buffer.baseAddress else { return 0 }
            _ = RTPHeader.write(
                marker: marker, payloadType: PayloadType(type), sequenceNumber: SequenceNumber(sequence),
                timestamp: RTPTimestamp(timestamp), ssrc: ssrc, hasExtension: true, into: out, capacity: 1500)
            var writer = HeaderExtensionWriter(into: out + 12, capacity: 64)
            _ = writer.append(id: 3, uint16: nextTransportSequence)
            nextTransportSequence &+= 1
            let headerLength = 12 + writer.finish()
            return content.withUnsafeBytes { bytes in
                bytes.baseAddress.map { source in
                    sender?.protect(
                        header: out, headerLength: headerLength, payload: source, payloadLength: bytes.count,
                        rolloverCounter: 0) ?? 0
                } ?? 0
            }
        }
        if length > 0 { outbox.append(Array(packet.prefix(length))) }
    }

    private mutating func resend(_ packet: RTCPPacket) {
        guard case .genericNACK(let nack) = packet,
            let slot = session?.lines.compactMap(\.slot).first(where: { $0.ssrc == nack.media }),
            let rtx = slot.rtxSSRC
        else { return }
        for lost in nack.lost {
            guard let payload = sentPayloads[nack.media]?[lost.rawValue] else { continue }
            send(payload, ssrc: rtx, type: 103, sequence: nextRTX, timestamp: 0, original: lost.rawValue)
            nextRTX &+= 1
        }
    }

    func slot(_ mid: Mid) -> SlotLine? {
        session?.line(mid)?.slot
    }
}
