import Crypto
import Foundation
public import Store

/// The two keys with which server applications sign their requests. Two, so that one can be changed while the other
/// is in use.
public struct AccessKeys: Sendable {
    static let primaryFile = "keys/access-key-primary"
    static let secondaryFile = "keys/access-key-secondary"

    let primary: SymmetricKey
    let secondary: SymmetricKey

    /// Keys from their bytes.
    public init(primary: [UInt8], secondary: [UInt8]) {
        self.primary = SymmetricKey(data: primary)
        self.secondary = SymmetricKey(data: secondary)
    }

    /// The primary key in base64, as it stands in the connection string.
    public var primaryBase64: String {
        primary.withUnsafeBytes { Data($0).base64EncodedString() }
    }

    /// The keys of the data folder, made at the first start.
    public static func loadOrCreate(in folder: DataFolder) throws(DataFolderError) -> AccessKeys {
        AccessKeys(
            primary: try loadOrCreate(primaryFile, in: folder),
            secondary: try loadOrCreate(secondaryFile, in: folder))
    }

    private static func loadOrCreate(_ file: String, in folder: DataFolder) throws(DataFolderError) -> [UInt8] {
        if let text = try folder.readText(file) {
            let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let bytes = Data(base64Encoded: trimmed), bytes.count >= 16 else {
                throw .damaged(path: folder.path(of: file), reason: "it is not a base64 key of at least 16 bytes")
            }
            return Array(bytes)
        }
        let bytes = SymmetricKey(size: SymmetricKeySize(bitCount: 512)).withUnsafeBytes { Array($0) }
        try folder.replace(file, with: Data(bytes).base64EncodedString() + "\n")
        return bytes
    }
}
