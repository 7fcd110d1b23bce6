internal import ICE
internal import MediaIO
internal import ProtocolCore
internal import TURN

/// An ICE candidate pair over TCP that we have opened (RFC 6544): each packet behind its length (RFC 4571 §2).
final class MediaConnection {
    let path: ICEAgent.Path
    let stream: StreamConnection
    private var frame: [UInt8] = []

    /// Throws `SystemError` when the kernel does not even try.
    init(_ path: ICEAgent.Path) throws(SystemError) {
        self.path = path
        stream = try StreamConnection(connectingTo: path.remote, tls: nil)
    }

    func send(_ packet: UnsafeRawBufferPointer, isMedia: Bool) {
        frame.removeAll(keepingCapacity: true)
        frame.append(bigEndian: UInt16(truncatingIfNeeded: packet.count))
        frame.append(contentsOf: packet)
        frame.withUnsafeBytes { stream.send($0, isMedia: isMedia) }
    }

    /// Gives each packet that has come; it may be changed.
    func receive(_ deliver: (UnsafeMutableRawBufferPointer) -> Void) {
        stream.receive { bytes in
            var start = 0
            while true {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                let found: StreamFrame?
                do throws(ParseError) {
                    found = try StreamPacketFraming.firstFrame(in: UnsafeRawBufferPointer(rest).bytes)
                } catch {
                    return nil
                }
                guard let found else { return start }
                if !found.content.isEmpty { deliver(UnsafeMutableRawBufferPointer(rebasing: rest[found.content])) }
                start += found.length
            }
        }
    }
}
