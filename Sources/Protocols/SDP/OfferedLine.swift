public import ProtocolCore

/// One m-line of an offer as the answerer reads it: named, and with what it inherits from other parts of the offer.
///
/// Bundled lines need not repeat what holds for their transport (RFC 9143 §7.1.3). Of the categories of RFC 8859,
/// IDENTICAL attributes are taken from the tagged line here, TRANSPORT ones in ``OfferedTransport``; NORMAL ones belong
/// to their own line.
public struct OfferedLine: Sendable {
    /// Its place in the offer, counted from 0.
    public let index: Int
    public let media: SessionDescription.Media
    /// Its mid; where it has none that can be used, a name of ours that no other line has.
    public let name: Mid
    /// Its own attributes, followed by those that it inherits.
    let attributes: AttributeList
    /// What is wrong with its mid; nil when the mid is well, or absent.
    let misnaming: Misnaming?
    /// Which of the offer's BUNDLE groups it is in; nil when in none.
    let bundle: Int?

    enum Misnaming: Sendable {
        case tooLong
        case repeated(Mid)
    }

    /// The direction that the offerer asks for, also when only the session part says it (RFC 8866 §6.7).
    public var direction: MediaDirection { attributes.direction }

    /// Whether the offerer uses the line: port 0 takes it out of use, except where it lives on another line's
    /// transport (RFC 9143 §6).
    public var isInUse: Bool { media.port != 0 || media.attributes.isBundleOnly }

    /// How a person is told of the line.
    var label: String {
        media.attributes.mid == name ? "m-line \(name)" : "m-line number \(index + 1) (\(media.kind.prefix(16)))"
    }

    /// Attributes of the category IDENTICAL that we act upon (RFC 8859 §5), and the form of RFC 8858 for one of them.
    private static let identical = ["rtcp-mux", "rtcp-mux-only", "rtcp-rsize", "extmap-allow-mixed"]
}

extension SessionDescription {
    /// The m-lines as an answerer reads them.
    public var offeredLines: [OfferedLine] {
        let names = lineNames
        let bundles = attributes.bundles.prefix(Limit.bundles)
        let groups = bundles.map(Set.init)
        let withPort = Dictionary(
            zip(names.map(\.name), media).filter { $0.1.port != 0 }, uniquingKeysWith: { first, _ in first })
        // The first of a group that has a port describes the transport (RFC 9143 §7.2.1).
        let tagged = bundles.map { group in group.lazy.compactMap { withPort[$0] }.first }
        return media.enumerated().map { index, line in
            let bundle = names[index].misnaming == nil ? groups.firstIndex { $0.contains(names[index].name) } : nil
            return OfferedLine(
                index: index, media: line, name: names[index].name,
                attributes: OfferedLine.inherited(line.attributes, tagged: bundle.flatMap { tagged[$0] }, self),
                misnaming: names[index].misnaming, bundle: bundle)
        }
    }

    private var lineNames: [(name: Mid, misnaming: OfferedLine.Misnaming?)] {
        var taken: Set<Mid> = Set(media.compactMap(\.attributes.mid))
        var seen: Set<Mid> = []
        func invented(_ index: Int) -> Mid {
            var text = "line-\(index)"
            while !taken.insert(Mid(text)).inserted { text += "'" }
            return Mid(text)
        }
        return media.enumerated().map { index, line in
            guard let mid = line.attributes.mid else { return (invented(index), nil) }
            guard mid.rawValue.utf8.count <= Limit.midLength else { return (invented(index), .tooLong) }
            guard seen.insert(mid).inserted else { return (invented(index), .repeated(mid)) }
            return (mid, nil)
        }
    }
}

extension OfferedLine {
    fileprivate static func inherited(
        _ own: AttributeList, tagged: SessionDescription.Media?, _ offer: SessionDescription
    ) -> AttributeList {
        var attributes = own
        for name in identical where !attributes.contains(name) {
            if tagged?.attributes.contains(name) == true || offer.attributes.contains(name) { attributes.append(name) }
        }
        if !own.contains(where: { MediaDirection(rawValue: $0.name) != nil }),
            let direction = offer.attributes.first(where: { MediaDirection(rawValue: $0.name) != nil })
        {
            attributes.append(direction.name)
        }
        // Mappings in the session part hold for every line (RFC 8285 §5).
        for value in offer.attributes.values("extmap") { attributes.append("extmap", value) }
        return attributes
    }
}
