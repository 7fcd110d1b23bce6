import CSRTP2

@testable import SRTP

/// One direction of a libsrtp2 session, the independent implementation that ours is checked against.
final class ReferenceSession {
    private static let initialized: Bool = srtp_init() == srtp_err_status_ok
    private var session: srtp_t?

    init(_ profile: ProtectionProfile, outbound: Bool) {
        precondition(Self.initialized)
        let reference =
            switch profile {
            case .aeadAES128GCM: srtp_profile_aead_aes_128_gcm
            case .aeadAES256GCM: srtp_profile_aead_aes_256_gcm
            case .aes128CMSHA1_80: srtp_profile_aes128_cm_sha1_80
            }
        var policy = srtp_policy_t()
        srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, reference)
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, reference)
        policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound
        policy.window_size = 128
        var key = RTPSession.masterKey(profile) + RTPSession.masterSalt(profile)
        let status = key.withUnsafeMutableBufferPointer { key in
            policy.key = key.baseAddress
            return srtp_create(&session, &policy)
        }
        precondition(status == srtp_err_status_ok)
    }

    deinit {
        srtp_dealloc(session)
    }

    func protect(_ packet: [UInt8]) -> [UInt8]? { run(packet) { srtp_protect(session, $0, $1) } }
    func unprotect(_ packet: [UInt8]) -> [UInt8]? { run(packet) { srtp_unprotect(session, $0, $1) } }
    func protectRTCP(_ packet: [UInt8]) -> [UInt8]? { run(packet) { srtp_protect_rtcp(session, $0, $1) } }
    func unprotectRTCP(_ packet: [UInt8]) -> [UInt8]? { run(packet) { srtp_unprotect_rtcp(session, $0, $1) } }

    private func run(
        _ packet: [UInt8], _ function: (UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>) -> srtp_err_status_t
    ) -> [UInt8]? {
        var length = Int32(packet.count)
        // The reference works in place and reads words, so it wants room and alignment.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: packet.count + 64, alignment: 16)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: packet)
        guard let base = buffer.baseAddress, function(base, &length) == srtp_err_status_ok else { return nil }
        return Array(buffer.prefix(Int(length)))
    }
}
