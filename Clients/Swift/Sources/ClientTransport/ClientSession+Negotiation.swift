internal import Congestion
internal import DTLS
public import ICE
public import ProtocolCore
internal import RTP
public import SDP

/// Offers and answers.
extension ClientSession {
    /// Makes an offer of these lines; its answer goes to ``accept(_:now:into:)``.
    ///
    /// Lines keep their places: a later offer has those of the one before, and new ones behind them.
    /// - Parameter credentials: New ones begin an ICE restart; media goes on over the old path meanwhile.
    public mutating func offer(
        _ lines: [ClientLine], restartingWith credentials: ICECredentials? = nil
    ) -> SessionDescription {
        if let credentials { ice.restart(local: credentials) }
        self.lines = lines
        sessionVersion += 1
        let fingerprint = configuration.identity.fingerprint
        let parameters = OfferParameters(
            sessionID: sessionID, sessionVersion: sessionVersion, ice: ice.localCredentials,
            candidates: ice.localCandidates.filter { !Self.isWildcard($0) },
            fingerprint: SDP.CertificateFingerprint(
                algorithm: fingerprint.algorithm.rawValue, digest: fingerprint.bytes),
            cname: configuration.canonicalName, lines: lines.map { offerLine($0) },
            data: data.line(after: lines.count))
        offered = parameters
        return Offerer.offer(parameters)
    }

    /// A socket that is bound to all addresses has none to name; a lite server learns ours from our checks.
    private static func isWildcard(_ candidate: Candidate) -> Bool {
        candidate.address == "0.0.0.0" || candidate.address == "0:0:0:0:0:0:0:0"
    }

    private mutating func offerLine(_ line: ClientLine) -> OfferLine {
        var offer = OfferLine(
            mid: line.mid, purpose: line.purpose, isActive: line.isActive, rids: line.rids, codecs: line.codecs)
        guard !line.purpose.isSlot else { return offer }
        let streams = (line.rids.isEmpty ? [nil] : line.rids.map(Optional.some)).map { rid in
            ensureStream(line, rid)
        }
        if line.rids.isEmpty {
            offer.streams = streams.map { PublishedStream(ssrc: outgoing[$0].ssrc, rtxSSRC: outgoing[$0].rtxSSRC) }
        }
        return offer
    }

    /// The stream of a line or layer, which it keeps for the whole session.
    private mutating func ensureStream(_ line: ClientLine, _ rid: Rid?) -> Int {
        if let known = outgoing.firstIndex(where: { $0.mid == line.mid && $0.rid == rid }) { return known }
        // Layers of one source share a clock.
        let clock = outgoing.first { $0.mid == line.mid }?.timestampOffset
        let offset = clock ?? UInt32(truncatingIfNeeded: generator.next())
        let ssrc = freshSSRC()
        outgoing.append(
            OutgoingStream(
                mid: line.mid, rid: rid, purpose: line.purpose, ssrc: ssrc,
                rtxSSRC: line.purpose.kind == .video ? freshSSRC(besides: ssrc) : nil, timestampOffset: offset,
                using: &generator))
        return outgoing.count - 1
    }

    private mutating func freshSSRC(besides other: SSRC? = nil) -> SSRC {
        while true {
            let candidate = SSRC(UInt32(truncatingIfNeeded: generator.next()))
            let isTaken = outgoing.contains { $0.ssrc == candidate || $0.rtxSSRC == candidate }
            if candidate.rawValue != 0, candidate != other, candidate != controlSSRC, !isTaken { return candidate }
        }
    }

    /// Takes the answer to the last offer, and begins to connect.
    ///
    /// - Throws: ``ClientSessionError`` when the answer cannot be used; the session then goes on as it was.
    public mutating func accept(
        _ text: String, now: Instant, into output: inout DatagramBuffer
    ) throws(ClientSessionError) {
        guard let offered else { throw ClientSessionError("There is an answer and no offer.") }
        let agreement: AnsweredSession
        do {
            agreement = try Offerer.read(SessionDescription(parsing: text), to: offered)
        } catch {
            throw ClientSessionError("The server's answer cannot be used: \(error)")
        }
        try prepareDTLS(agreement)
        answered = agreement
        extensions = agreement.extensions
        learnCodecs(agreement)
        installOutgoing(agreement)
        installIncoming(agreement)
        if isConnected { openData(now: now) }
        sendsVideo = outgoing.contains { $0.isVideo && $0.codec != nil }
        if sendsVideo, nextControl == nil { nextControl = now }
        ice.setRemote(
            agreement.remoteICE, candidates: agreement.candidates, isLite: agreement.isRemoteLite, now: now)
        driveICE(now: now, into: &output)
    }

    /// One DTLS association per certificate of the peer: another one is another transport.
    private mutating func prepareDTLS(_ agreement: AnsweredSession) throws(ClientSessionError) {
        if dtls != nil, answered?.remoteFingerprints == agreement.remoteFingerprints { return }
        let fingerprints = agreement.remoteFingerprints.compactMap { fingerprint in
            DTLS.CertificateFingerprint.Algorithm(rawValue: fingerprint.algorithm).flatMap {
                DTLS.CertificateFingerprint(algorithm: $0, bytes: fingerprint.digest)
            }
        }
        do {
            dtls = try DTLSSession(
                identity: configuration.identity, role: agreement.ourDTLSRole == .client ? .client : .server,
                expectedFingerprints: fingerprints)
        } catch {
            throw ClientSessionError("DTLS cannot be set up: \(error)")
        }
        isConnected = false
        isEnded = false
        data.reset()
    }

    private mutating func learnCodecs(_ agreement: AnsweredSession) {
        payloadTypes = Array(repeating: nil, count: 128)
        rtxTypes = []
        redTypes = []
        for codec in agreement.lines.flatMap(\.codecs) {
            payloadTypes[Int(codec.payloadType.rawValue)] = codec
            if let rtx = codec.rtxPayloadType { rtxTypes.insert(rtx) }
            if let red = codec.redPayloadType {
                payloadTypes[Int(red.rawValue)] = codec
                redTypes.insert(red)
            }
        }
    }

    private mutating func installOutgoing(_ agreement: AnsweredSession) {
        for index in outgoing.indices {
            let stream = outgoing[index]
            guard let line = agreement.line(stream.mid), line.sends, isTaken(stream, line) else {
                outgoing[index].codec = nil
                backlog.removeAll(of: index)
                continue
            }
            outgoing[index].codec = line.codecs.first
        }
    }

    /// Whether the peer takes this layer. One that takes no simulcast gets the last layer alone, which is the best.
    private func isTaken(_ stream: OutgoingStream, _ line: AnsweredLine) -> Bool {
        guard let rid = stream.rid else { return true }
        if line.rids.isEmpty { return lines.first { $0.mid == stream.mid }?.rids.last == rid }
        return line.rids.contains(rid)
    }

    private mutating func installIncoming(_ agreement: AnsweredSession) {
        var kept: [IncomingStream] = []
        func keep(_ ssrc: SSRC, _ line: AnsweredLine, repairs: SSRC?) {
            let known = incoming[ssrc].flatMap { $0.mid == line.mid && $0.repairs == repairs ? $0 : nil }
            kept.append(known ?? IncomingStream(ssrc: ssrc, mid: line.mid, purpose: line.purpose, repairs: repairs))
        }
        for line in agreement.lines where line.receives {
            for stream in line.streams {
                keep(stream.ssrc, line, repairs: nil)
                if let rtx = stream.rtxSSRC { keep(rtx, line, repairs: stream.ssrc) }
            }
        }
        incoming = IncomingStreams(kept)
        hasLosses = incoming.all.contains { $0.hasLosses }
        if let first = agreement.lines.first(where: { $0.receives })?.streams.first { arrivals.media = first.ssrc }
    }
}
