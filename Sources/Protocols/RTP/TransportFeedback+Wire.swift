import ProtocolCore

/// The two-bit status of a packet (§3.1.1 of the draft); the fourth value is reserved.
private enum Symbol {
    static let notReceived: UInt16 = 0
    static let smallDelta: UInt16 = 1
    static let largeDelta: UInt16 = 2

    static func describing(_ deltaTicks: Int16?) -> UInt16 {
        guard let deltaTicks else { return notReceived }
        return (0...255).contains(deltaTicks) ? smallDelta : largeDelta
    }
}

extension TransportFeedback {
    /// Where status chunks begin, after both SSRCs, base sequence, count, reference time and feedback count.
    private static let chunkOffset = 20
    private static let runLimit = 0x1fff
    private static let oneBitSymbols = 14
    private static let twoBitSymbols = 7

    init(parsing packet: RawSpan) throws(ParseError) {
        sender = SSRC(try packet.uint32(at: 4))
        media = SSRC(try packet.uint32(at: 8))
        let base = SequenceNumber(try packet.uint16(at: 12))
        let count = Int(try packet.uint16(at: 14))
        // Shifting up and down extends the sign of the 24-bit number.
        referenceTime = Int32(bitPattern: try packet.uint24(at: 16) << 8) >> 8
        feedbackCount = try packet.uint8(at: 19)
        guard count > 0 else { throw .malformed("transport feedback packet count") }
        guard count <= TransportFeedback.maximumPackets else { throw .limitExceeded("transport feedback packets") }

        var symbols: [UInt16] = []
        symbols.reserveCapacity(count)
        var offset = TransportFeedback.chunkOffset
        while symbols.count < count {
            TransportFeedback.expand(try packet.uint16(at: offset), into: &symbols, upTo: count)
            offset += 2
        }

        packets = []
        packets.reserveCapacity(count)
        for (index, symbol) in symbols.enumerated() {
            var delta: Int16?
            switch symbol {
            case Symbol.notReceived:
                delta = nil
            case Symbol.smallDelta:
                delta = Int16(try packet.uint8(at: offset))
                offset += 1
            case Symbol.largeDelta:
                delta = Int16(bitPattern: try packet.uint16(at: offset))
                offset += 2
            default:
                throw .malformed("transport feedback packet status")
            }
            packets.append(Packet(sequence: base + index, deltaTicks: delta))
        }
    }

    /// Appends the symbols of one status chunk, leaving out those beyond `count` in all.
    private static func expand(_ chunk: UInt16, into symbols: inout [UInt16], upTo count: Int) {
        let room = count - symbols.count
        if chunk & 0x8000 == 0 {
            let run = min(Int(chunk) & runLimit, room)
            symbols.append(contentsOf: repeatElement(chunk >> 13 & 3, count: run))
        } else if chunk & 0x4000 == 0 {
            for index in 0..<min(oneBitSymbols, room) {
                symbols.append(chunk >> UInt16(oneBitSymbols - 1 - index) & 1)
            }
        } else {
            for index in 0..<min(twoBitSymbols, room) {
                symbols.append(chunk >> UInt16(2 * (twoBitSymbols - 1 - index)) & 3)
            }
        }
    }

    func append(to bytes: inout [UInt8]) {
        guard let base = packets.first?.sequence else { return }
        let own = packets.prefix(TransportFeedback.maximumPackets)
        bytes.appendRTCP(
            type: RTCPType.transportLayerFeedback, count: RTCPType.transportWide, paddingAnnounced: true
        ) { bytes in
            bytes.append(bigEndian: sender.rawValue)
            bytes.append(bigEndian: media.rawValue)
            bytes.append(bigEndian: base.rawValue)
            bytes.append(bigEndian: UInt16(own.count))
            bytes.append(bigEndian: UInt32(bitPattern: referenceTime) << 8 | UInt32(feedbackCount))
            TransportFeedback.appendChunks(own.map { Symbol.describing($0.deltaTicks) }, to: &bytes)
            for packet in own {
                guard let delta = packet.deltaTicks else { continue }
                if Symbol.describing(delta) == Symbol.smallDelta {
                    bytes.append(UInt8(delta))
                } else {
                    bytes.append(bigEndian: UInt16(bitPattern: delta))
                }
            }
        }
    }

    /// Packs statuses greedily: a run where it covers at least what a vector would, else the densest vector.
    private static func appendChunks(_ symbols: [UInt16], to bytes: inout [UInt8]) {
        var index = 0
        while index < symbols.count {
            let rest = symbols[index...]
            let run = rest.prefix(runLimit).prefix { $0 == symbols[index] }.count
            // A vector that ends early would be read as if lost packets followed, unless the list ends there too.
            let fitsOneBit = !rest.prefix(oneBitSymbols).contains(Symbol.largeDelta)
            if run >= min(fitsOneBit ? oneBitSymbols : twoBitSymbols, rest.count) {
                bytes.append(bigEndian: symbols[index] << 13 | UInt16(run))
                index += run
            } else if fitsOneBit {
                let taken = rest.prefix(oneBitSymbols)
                bytes.append(bigEndian: vector(taken, head: 0x8000, width: 1, capacity: oneBitSymbols))
                index += taken.count
            } else {
                let taken = rest.prefix(twoBitSymbols)
                bytes.append(bigEndian: vector(taken, head: 0xc000, width: 2, capacity: twoBitSymbols))
                index += taken.count
            }
        }
    }

    private static func vector(_ symbols: ArraySlice<UInt16>, head: UInt16, width: UInt16, capacity: Int) -> UInt16 {
        var chunk = head
        var shift = UInt16(capacity) * width
        for symbol in symbols {
            shift -= width
            chunk |= symbol << shift
        }
        return chunk
    }
}
