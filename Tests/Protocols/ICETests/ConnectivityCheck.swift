import ICE
import ProtocolCore
import STUN

/// A Binding request as a browser sends it, with every part that a test may want to be wrong.
struct ConnectivityCheck {
    var username = "local:remote"
    var key = Array("local-password-0123456789".utf8)
    var number: UInt64 = 1
    var priority: UInt32? = 1000
    var nominates = false
    var controlled = false
    var signs = true
    var unknown: UInt16?

    func bytes() -> [UInt8] {
        var builder = STUNMessageBuilder(.request, transactionID: .init(high: 1, low: number))
        builder.add(username: username)
        if controlled { builder.add(iceControlled: 5) } else { builder.add(iceControlling: 5) }
        if let priority { builder.add(priority: priority) }
        if nominates { builder.addUseCandidate() }
        if let unknown { builder.add(STUNAttributeType(rawValue: unknown), [1]) }
        return builder.finish(integrityKey: signs ? key : nil)
    }
}

extension ICELiteAgent {
    mutating func handle(_ bytes: [UInt8], from source: SocketEndpoint, at seconds: Int64 = 0) -> Reaction {
        handle(bytes.span.bytes, from: source, now: .zero + .seconds(seconds))
    }
}

extension STUNMessage {
    init(_ bytes: [UInt8]) throws(ParseError) {
        try self.init(parsing: bytes.span.bytes)
    }
}
