internal import ProtocolCore

/// Puts a packet together in an array: common header, chunks, checksum.
enum PacketWriter {
    /// Empties `packet` and writes the common header, its checksum still zero.
    static func begin(_ packet: inout [UInt8], from source: UInt16, to destination: UInt16, tag: UInt32) {
        packet.removeAll(keepingCapacity: true)
        packet.append(bigEndian: source)
        packet.append(bigEndian: destination)
        packet.append(bigEndian: tag)
        packet.append(bigEndian: 0 as UInt32)
    }

    /// Writes the checksum.
    static func finish(_ packet: inout [UInt8]) {
        let checksum = CRC32c.checksum(ofPacket: packet.span.bytes)
        for index in 0..<4 {
            packet[8 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        }
    }

    /// What a DATA chunk with so much in it takes, padding included.
    static func dataChunkSize(_ count: Int) -> Int {
        DataChunk.headerSize + (count + 3) & ~3
    }

    static func appendData(
        _ header: DataChunk.Flags, tsn: TransmissionSequenceNumber, stream: StreamIdentifier,
        sequence: StreamSequenceNumber, payloadProtocol: PayloadProtocolIdentifier, bytes: ArraySlice<UInt8>,
        to packet: inout [UInt8]
    ) {
        packet.append(ChunkType.data.rawValue)
        packet.append(header.rawValue)
        packet.append(bigEndian: UInt16(truncatingIfNeeded: DataChunk.headerSize + bytes.count))
        packet.append(bigEndian: tsn.rawValue)
        packet.append(bigEndian: stream.rawValue)
        packet.append(bigEndian: sequence.rawValue)
        packet.append(bigEndian: payloadProtocol.rawValue)
        packet.append(contentsOf: bytes)
        pad(&packet)
    }

    static func pad(_ bytes: inout [UInt8]) {
        while bytes.count & 3 != 0 { bytes.append(0) }
    }
}

/// Chunks other than DATA, each padded to four bytes.
enum ChunkWriter {
    static func chunk(_ type: ChunkType, flags: UInt8 = 0, _ body: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = [type.rawValue, flags]
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: 4 + body.count))
        bytes += body
        PacketWriter.pad(&bytes)
        return bytes
    }

    /// Appends a parameter or a cause behind the padding of the one before; the last one's padding does not count to the
    /// length of the chunk.
    private static func append(_ type: UInt16, _ value: [UInt8], to body: inout [UInt8]) {
        PacketWriter.pad(&body)
        body.append(bigEndian: type)
        body.append(bigEndian: UInt16(truncatingIfNeeded: 4 + value.count))
        body += value
    }

    private static func parameter(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(type, value, to: &bytes)
        return bytes
    }

    static func initiation(_ chunk: InitiationChunk, isAcknowledgement: Bool) -> [UInt8] {
        var body: [UInt8] = []
        body.append(bigEndian: chunk.tag)
        body.append(bigEndian: chunk.window)
        body.append(bigEndian: chunk.outgoingStreams)
        body.append(bigEndian: chunk.incomingStreams)
        body.append(bigEndian: chunk.initialTSN.rawValue)
        if let cookie = chunk.cookie {
            append(ParameterType.stateCookie.rawValue, cookie, to: &body)
        }
        if chunk.supportsForwardTSN {
            append(ParameterType.forwardTSNSupported.rawValue, [], to: &body)
        }
        let extensions =
            (chunk.supportsReconfiguration ? [ChunkType.reconfiguration.rawValue] : [])
            + (chunk.supportsForwardTSN ? [ChunkType.forwardTSN.rawValue] : [])
        append(ParameterType.supportedExtensions.rawValue, extensions, to: &body)
        for unrecognized in chunk.unrecognized {
            append(ParameterType.unrecognizedParameter.rawValue, unrecognized, to: &body)
        }
        return Self.chunk(isAcknowledgement ? .initiationAcknowledgement : .initiation, body)
    }

    static func selectiveAcknowledgement(_ chunk: SelectiveAcknowledgement) -> [UInt8] {
        var body: [UInt8] = []
        body.append(bigEndian: chunk.cumulative.rawValue)
        body.append(bigEndian: chunk.window)
        body.append(bigEndian: UInt16(truncatingIfNeeded: chunk.blocks.count))
        body.append(bigEndian: UInt16(truncatingIfNeeded: chunk.duplicates.count))
        for block in chunk.blocks {
            body.append(bigEndian: UInt16(truncatingIfNeeded: block.start))
            body.append(bigEndian: UInt16(truncatingIfNeeded: block.end))
        }
        for duplicate in chunk.duplicates {
            body.append(bigEndian: duplicate.rawValue)
        }
        return Self.chunk(.selectiveAcknowledgement, body)
    }

    static func shutdown(cumulative: TransmissionSequenceNumber) -> [UInt8] {
        var body: [UInt8] = []
        body.append(bigEndian: cumulative.rawValue)
        return chunk(.shutdown, body)
    }

    static func forwardTSN(_ chunk: ForwardTSN) -> [UInt8] {
        var body: [UInt8] = []
        body.append(bigEndian: chunk.cumulative.rawValue)
        for skip in chunk.skips {
            body.append(bigEndian: skip.stream.rawValue)
            body.append(bigEndian: skip.sequence.rawValue)
        }
        return Self.chunk(.forwardTSN, body)
    }

    static func reconfiguration(_ parameter: ReconfigurationParameter) -> [UInt8] {
        var value: [UInt8] = []
        let type: ParameterType
        switch parameter {
        case .outgoingReset(let request, let response, let lastTSN, let streams):
            type = .outgoingReset
            value.append(bigEndian: request)
            value.append(bigEndian: response)
            value.append(bigEndian: lastTSN.rawValue)
            for stream in streams { value.append(bigEndian: stream.rawValue) }
        case .incomingReset(let request, let streams):
            type = .incomingReset
            value.append(bigEndian: request)
            for stream in streams { value.append(bigEndian: stream.rawValue) }
        case .response(let request, let result):
            type = .reconfigurationResponse
            value.append(bigEndian: request)
            value.append(bigEndian: result.rawValue)
        case .otherRequest(let request):
            type = .addOutgoingStreams
            value.append(bigEndian: request)
            value.append(bigEndian: 0 as UInt32)
        }
        return chunk(.reconfiguration, Self.parameter(type.rawValue, value))
    }

    static func error(_ cause: UInt16, _ information: [UInt8]) -> [UInt8] {
        chunk(.error, parameter(cause, information))
    }

    static func abort(_ cause: UInt16, isReflected: Bool = false, _ information: [UInt8] = []) -> [UInt8] {
        chunk(.abort, flags: isReflected ? 1 : 0, parameter(cause, information))
    }
}
