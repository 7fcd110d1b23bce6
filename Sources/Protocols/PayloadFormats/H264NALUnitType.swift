/// What an H.264 NAL unit holds (ITU-T H.264 table 7-1), as far as a sender or receiver of streams cares.
public enum H264NALUnitType: UInt8, Hashable, Sendable {
    /// A slice of a picture that is not an IDR picture.
    case slice = 1
    /// A slice of an IDR picture, where a decoder can start.
    case idrSlice = 5
    /// Supplemental enhancement information.
    case supplementalInformation = 6
    case sequenceParameterSet = 7
    case pictureParameterSet = 8
    /// The optional first NAL unit of an access unit.
    case accessUnitDelimiter = 9
}
