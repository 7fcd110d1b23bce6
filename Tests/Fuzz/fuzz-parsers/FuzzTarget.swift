/// The parsers of remote bytes, by the names of their corpora.
enum FuzzTarget: String, CaseIterable {
    case candidate
    case dcep
    case dependencyDescriptor = "dependency-descriptor"
    case dtls
    case payloadParts = "payload-parts"
    case payloads
    case reception
    case rtcp
    case rtp
    case sctp
    case sdp
    case signaling
    case srtp
    case stun
    case transportFeedback = "transport-feedback"
    case trickle
    case turn
    case turnClient = "turn-client"

    /// Gives one input to the parser. What is wrong with the parser ends the process; what is wrong with the input
    /// does not.
    var test: (RawSpan) -> Void {
        switch self {
        case .candidate: testCandidate
        case .dcep: testDCEP
        case .dependencyDescriptor: testDependencyDescriptor
        case .dtls: testDTLS
        case .payloadParts: testPayloadParts
        case .payloads: testPayloads
        case .reception: testReception
        case .rtcp: testRTCP
        case .rtp: testRTP
        case .sctp: testSCTP
        case .sdp: testSDP
        case .signaling: testSignaling
        case .srtp: testSRTP
        case .stun: testSTUN
        case .transportFeedback: testTransportFeedback
        case .trickle: testTrickle
        case .turn: testTURN
        case .turnClient: testTURNClient
        }
    }
}

/// Ends the process when a property does not hold that every input has to keep. Unlike `precondition` it says which
/// one in a release build too.
func check(_ condition: Bool, _ property: @autoclosure () -> String) {
    if !condition { fatalError(property()) }
}

/// An input as text; what is not UTF-8 is replaced, as it is where text comes in.
func text(_ input: RawSpan) -> String {
    input.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}
