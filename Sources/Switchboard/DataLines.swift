import CallingClient
import Foundation

/// The data channels of `switchboard call`: lines of the standard input go out, and what others send is told.
enum DataLines {
    /// On which of our channels the lines go.
    static let channel: UInt16 = 1

    /// Opens the data channels of a call; runs until the call is over.
    static func exchange(in call: Call) async {
        do {
            let channels = try await call.dataChannels()
            let sender = try await channels.sender(channelId: channel, reliability: .durable)
            let lines = standardInput()
            let sending = Task {
                for await line in lines { try await sender.send(Array(line.utf8)) }
            }
            for await message in channels.messages { EventPrinter.print(message) }
            sending.cancel()
        } catch {
            EventPrinter.print("dataFailed", ["message": "\(error)"])
        }
    }

    /// Lines as they are typed. Reading blocks, so that it has a thread of its own, which ends with the program.
    private static func standardInput() -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        return stream
    }
}

extension EventPrinter {
    static func print(_ message: DataChannelMessage) {
        var members: [String: Any] = [
            "from": message.senderParticipantId, "channelId": Int(message.channelId),
            "sequenceNumber": Int(message.sequenceNumber), "reliability": message.reliability.rawValue,
            "bytes": message.data.count,
        ]
        if let text = String(validating: message.data, as: UTF8.self) { members["text"] = text }
        print("data", members)
    }
}
