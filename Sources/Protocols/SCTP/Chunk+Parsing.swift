internal import ProtocolCore

extension Chunk {
    /// Reads one chunk; `bytes` ends where its length field says.
    init(parsing bytes: RawSpan) throws(ParseError) {
        let type = ChunkType(rawValue: try bytes.uint8(at: 0))
        let flags = try bytes.uint8(at: 1)
        let end = bytes.byteCount
        switch type {
        case .data:
            self = .data(try DataChunk(parsing: bytes, flags: flags))
        case .initiation:
            self = .initiation(try InitiationChunk(parsing: bytes))
        case .initiationAcknowledgement:
            self = .initiationAcknowledgement(try InitiationChunk(parsing: bytes))
        case .selectiveAcknowledgement:
            self = .selectiveAcknowledgement(try SelectiveAcknowledgement(parsing: bytes))
        case .heartbeat:
            self = .heartbeat(information: try bytes.array(at: 4, count: end - 4))
        case .heartbeatAcknowledgement:
            self = .heartbeatAcknowledgement(information: try bytes.array(at: 4, count: end - 4))
        case .abort:
            self = .abort(isReflected: flags & 1 == 1, cause: end >= 8 ? try bytes.uint16(at: 4) : nil)
        case .shutdown:
            self = .shutdown(cumulative: TransmissionSequenceNumber(try bytes.uint32(at: 4)))
        case .shutdownAcknowledgement:
            self = .shutdownAcknowledgement
        case .error:
            self = .error(causes: try Self.causes(in: bytes))
        case .cookieEcho:
            self = .cookieEcho(try bytes.array(at: 4, count: end - 4))
        case .cookieAcknowledgement:
            self = .cookieAcknowledgement
        case .shutdownComplete:
            self = .shutdownComplete(isReflected: flags & 1 == 1)
        case .forwardTSN:
            self = .forwardTSN(try ForwardTSN(parsing: bytes))
        case .reconfiguration:
            self = .reconfiguration(try ReconfigurationParameter.list(in: bytes))
        default:
            self = .unknown(type, try bytes.array(at: 0, count: end))
        }
    }

    private static func causes(in bytes: RawSpan) throws(ParseError) -> [UInt16] {
        try ChunkParameter.list(in: bytes, from: 4).map(\.type.rawValue)
    }
}

extension DataChunk {
    fileprivate init(parsing bytes: RawSpan, flags: UInt8) throws(ParseError) {
        self.flags = Flags(rawValue: flags & 0x0f)
        tsn = TransmissionSequenceNumber(try bytes.uint32(at: 4))
        stream = StreamIdentifier(try bytes.uint16(at: 8))
        sequence = StreamSequenceNumber(try bytes.uint16(at: 10))
        payloadProtocol = PayloadProtocolIdentifier(try bytes.uint32(at: 12))
        self.bytes = try bytes.array(at: Self.headerSize, count: bytes.byteCount - Self.headerSize)
    }
}

extension InitiationChunk {
    /// Addresses and the like say nothing here, for packets go where DTLS sends them (RFC 8261 §6).
    private static let ignored: Set<ParameterType> = [
        .ipv4Address, .ipv6Address, .cookiePreservative, .supportedAddressTypes, .unrecognizedParameter,
    ]

    fileprivate init(parsing bytes: RawSpan) throws(ParseError) {
        tag = try bytes.uint32(at: 4)
        window = try bytes.uint32(at: 8)
        outgoingStreams = try bytes.uint16(at: 12)
        incomingStreams = try bytes.uint16(at: 14)
        initialTSN = TransmissionSequenceNumber(try bytes.uint32(at: 16))
        guard tag != 0 else { throw .malformed("initiate tag") }
        guard outgoingStreams > 0, incomingStreams > 0 else { throw .malformed("number of streams") }
        parameters: for parameter in try ChunkParameter.list(in: bytes, from: 20) {
            switch parameter.type {
            case .stateCookie:
                cookie = try bytes.array(at: parameter.value.lowerBound, count: parameter.value.count)
            case .forwardTSNSupported:
                supportsForwardTSN = true
            case .supportedExtensions:
                for offset in parameter.value {
                    let type = ChunkType(rawValue: try bytes.uint8(at: offset))
                    if type == .forwardTSN { supportsForwardTSN = true }
                    if type == .reconfiguration { supportsReconfiguration = true }
                }
            case let type where Self.ignored.contains(type):
                break
            default:
                let rule = parameter.type.unknownRule
                if rule.reports {
                    let start = parameter.value.lowerBound - 4
                    unrecognized.append(try bytes.array(at: start, count: parameter.value.count + 4))
                }
                if !rule.skips { break parameters }
            }
        }
    }
}

extension SelectiveAcknowledgement {
    fileprivate init(parsing bytes: RawSpan) throws(ParseError) {
        cumulative = TransmissionSequenceNumber(try bytes.uint32(at: 4))
        window = try bytes.uint32(at: 8)
        let blockCount = Int(try bytes.uint16(at: 12))
        let duplicateCount = Int(try bytes.uint16(at: 14))
        guard bytes.byteCount >= 16 + 4 * (blockCount + duplicateCount) else { throw .truncated }
        blocks = []
        duplicates = []
        for index in 0..<blockCount {
            let block = Block(
                start: Int(try bytes.uint16(at: 16 + 4 * index)), end: Int(try bytes.uint16(at: 18 + 4 * index)))
            guard block.start > 0, block.start <= block.end else { throw .malformed("gap block") }
            blocks.append(block)
        }
        for index in 0..<duplicateCount {
            duplicates.append(TransmissionSequenceNumber(try bytes.uint32(at: 16 + 4 * (blockCount + index))))
        }
    }
}

extension ForwardTSN {
    fileprivate init(parsing bytes: RawSpan) throws(ParseError) {
        cumulative = TransmissionSequenceNumber(try bytes.uint32(at: 4))
        skips = []
        var offset = 8
        while offset < bytes.byteCount {
            skips.append(
                Skip(
                    stream: StreamIdentifier(try bytes.uint16(at: offset)),
                    sequence: StreamSequenceNumber(try bytes.uint16(at: offset + 2))))
            offset += 4
        }
    }
}

extension ReconfigurationParameter {
    /// A chunk carries at most two (RFC 6525 §3.1); more are left alone.
    private static let largestCount = 2

    fileprivate static func list(in bytes: RawSpan) throws(ParseError) -> [ReconfigurationParameter] {
        var result: [ReconfigurationParameter] = []
        for parameter in try ChunkParameter.list(in: bytes, from: 4).prefix(largestCount) {
            let start = parameter.value.lowerBound
            let value = bytes.extracting(0..<parameter.value.upperBound)
            switch parameter.type {
            case .outgoingReset:
                result.append(
                    .outgoingReset(
                        request: try value.uint32(at: start), response: try value.uint32(at: start + 4),
                        lastTSN: TransmissionSequenceNumber(try value.uint32(at: start + 8)),
                        streams: try streams(in: value, from: start + 12)))
            case .incomingReset:
                result.append(
                    .incomingReset(
                        request: try value.uint32(at: start), streams: try streams(in: value, from: start + 4)))
            case .reconfigurationResponse:
                result.append(
                    .response(
                        request: try value.uint32(at: start),
                        result: ReconfigurationResult(rawValue: try value.uint32(at: start + 4))))
            case .associationReset, .addOutgoingStreams, .addIncomingStreams:
                result.append(.otherRequest(request: try value.uint32(at: start)))
            default:
                if !parameter.type.unknownRule.skips { return result }
            }
        }
        return result
    }

    private static func streams(in value: RawSpan, from start: Int) throws(ParseError) -> [StreamIdentifier] {
        var streams: [StreamIdentifier] = []
        var offset = start
        while offset < value.byteCount {
            streams.append(StreamIdentifier(try value.uint16(at: offset)))
            offset += 2
        }
        return streams
    }
}
