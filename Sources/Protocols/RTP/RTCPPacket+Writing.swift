import ProtocolCore

extension RTCPPacket {
    /// Appends the packet in wire form, so that several calls make a compound; what is never sent appends nothing.
    ///
    /// Report blocks beyond the 31 that one packet holds follow in receiver reports (RFC 3550 §6.1); sources and chunks
    /// beyond 31 are left out.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .senderReport(let report): report.append(to: &bytes)
        case .receiverReport(let report): report.append(to: &bytes)
        case .sourceDescription(let description): description.append(to: &bytes)
        case .goodbye(let goodbye): goodbye.append(to: &bytes)
        case .genericNACK(let nack): nack.append(to: &bytes)
        case .pictureLossIndication(let indication): indication.append(to: &bytes)
        case .fullIntraRequest(let request): request.append(to: &bytes)
        case .transportFeedback(let feedback): feedback.append(to: &bytes)
        case .receiverEstimatedMaximumBitrate(let estimate): estimate.append(to: &bytes)
        case .extendedReport(let report): report.append(to: &bytes)
        case .congestionControlFeedback, .unknown: break
        }
    }
}

/// The most items that the five-bit count of a packet's head can tell.
private let maximumCount = 31

extension [UInt8] {
    /// Appends a packet's head, lets `body` append the rest, fills up to a whole word and sets the length.
    ///
    /// The filling is announced as padding when `paddingAnnounced`; otherwise the format itself allows zero bytes.
    mutating func appendRTCP(
        type: UInt8, count: UInt8, paddingAnnounced: Bool = false, body: (inout [UInt8]) -> Void
    ) {
        let start = self.count
        append(0x80 | count)
        append(type)
        append(bigEndian: UInt16(0))
        body(&self)
        let padding = (4 - (self.count - start) % 4) % 4
        append(contentsOf: repeatElement(0, count: padding))
        if paddingAnnounced, padding > 0 {
            self[start] |= 0x20
            self[self.count - 1] = UInt8(padding)
        }
        let words = UInt16(truncatingIfNeeded: (self.count - start) / 4 - 1)
        self[start + 2] = UInt8(truncatingIfNeeded: words >> 8)
        self[start + 3] = UInt8(truncatingIfNeeded: words)
    }
}

extension SenderReport {
    fileprivate func append(to bytes: inout [UInt8]) {
        let own = reports.prefix(maximumCount)
        bytes.appendRTCP(type: RTCPType.senderReport, count: UInt8(own.count)) { bytes in
            bytes.append(bigEndian: ssrc.rawValue)
            bytes.append(bigEndian: ntpTime.rawValue)
            bytes.append(bigEndian: rtpTime.rawValue)
            bytes.append(bigEndian: packetCount)
            bytes.append(bigEndian: octetCount)
            for report in own {
                report.append(to: &bytes)
            }
        }
        if reports.count > maximumCount {
            ReceiverReport(ssrc: ssrc, reports: Array(reports.dropFirst(maximumCount))).append(to: &bytes)
        }
    }
}

extension ReceiverReport {
    fileprivate func append(to bytes: inout [UInt8]) {
        var rest = reports[...]
        repeat {
            let own = rest.prefix(maximumCount)
            rest = rest.dropFirst(maximumCount)
            bytes.appendRTCP(type: RTCPType.receiverReport, count: UInt8(own.count)) { bytes in
                bytes.append(bigEndian: ssrc.rawValue)
                for report in own {
                    report.append(to: &bytes)
                }
            }
        } while !rest.isEmpty
    }
}

extension SourceDescription {
    fileprivate func append(to bytes: inout [UInt8]) {
        let own = chunks.prefix(maximumCount)
        bytes.appendRTCP(type: RTCPType.sourceDescription, count: UInt8(own.count)) { bytes in
            for chunk in own {
                bytes.append(bigEndian: chunk.ssrc.rawValue)
                let name = chunk.canonicalName.utf8.prefix(255)
                bytes.append(SourceDescription.canonicalNameItem)
                bytes.append(UInt8(name.count))
                bytes.append(contentsOf: name)
                // The list of items ends with at least one zero byte, at a whole word.
                bytes.append(contentsOf: repeatElement(0, count: 4 - (name.count + 2) % 4))
            }
        }
    }
}

extension Goodbye {
    fileprivate func append(to bytes: inout [UInt8]) {
        let own = sources.prefix(maximumCount)
        bytes.appendRTCP(type: RTCPType.goodbye, count: UInt8(own.count)) { bytes in
            for source in own {
                bytes.append(bigEndian: source.rawValue)
            }
        }
    }
}

extension GenericNACK {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.appendRTCP(type: RTCPType.transportLayerFeedback, count: RTCPType.genericNACK) { bytes in
            bytes.append(bigEndian: sender.rawValue)
            bytes.append(bigEndian: media.rawValue)
            var index = 0
            while index < lost.count {
                let first = lost[index]
                var following: UInt16 = 0
                index += 1
                while index < lost.count, (1...16).contains(lost[index].distance(from: first)) {
                    following |= 1 << UInt16(lost[index].distance(from: first) - 1)
                    index += 1
                }
                bytes.append(bigEndian: first.rawValue)
                bytes.append(bigEndian: following)
            }
        }
    }
}

extension PictureLossIndication {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.appendRTCP(type: RTCPType.payloadFeedback, count: RTCPType.pictureLoss) { bytes in
            bytes.append(bigEndian: sender.rawValue)
            bytes.append(bigEndian: media.rawValue)
        }
    }
}

extension FullIntraRequest {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.appendRTCP(type: RTCPType.payloadFeedback, count: RTCPType.fullIntra) { bytes in
            bytes.append(bigEndian: sender.rawValue)
            // The media source field is not used (RFC 5104 §4.3.1.2).
            bytes.append(bigEndian: UInt32(0))
            for entry in entries {
                bytes.append(bigEndian: entry.ssrc.rawValue)
                bytes.append(bigEndian: UInt32(entry.sequence) << 24)
            }
        }
    }
}

extension ReceiverEstimatedMaximumBitrate {
    fileprivate func append(to bytes: inout [UInt8]) {
        let own = sources.prefix(255)
        let exponent = max(0, UInt64.bitWidth - bitsPerSecond.leadingZeroBitCount - 18)
        let mantissa = UInt32(bitsPerSecond >> UInt64(exponent))
        bytes.appendRTCP(type: RTCPType.payloadFeedback, count: RTCPType.application) { bytes in
            bytes.append(bigEndian: sender.rawValue)
            bytes.append(bigEndian: UInt32(0))
            bytes.append(bigEndian: ReceiverEstimatedMaximumBitrate.identifier)
            bytes.append(bigEndian: UInt32(own.count) << 24 | UInt32(exponent) << 18 | mantissa)
            for source in own {
                bytes.append(bigEndian: source.rawValue)
            }
        }
    }
}
