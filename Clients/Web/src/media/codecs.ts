/** Codecs that video is offered with, best first. */
export type VideoCodec = 'H264' | 'VP8';

/** H.264 profiles, best first: constrained baseline is what every decoder has. Others follow in their own order. */
const profiles = ['42e01f', '42001f', '4d001f'];

/**
 * Orders codecs for `setCodecPreferences`: H.264 before VP8 (or the other way when `first` says so), RTX kept, anything
 * that the server does not forward left out. Undefined when the browser's own order has to do.
 */
export function preferredCodecs(
    capabilities: readonly RTCRtpCodecCapability[],
    first: VideoCodec = 'H264',
): RTCRtpCodecCapability[] | undefined {
    const named = (name: string) => capabilities.filter(codec => codec.mimeType.toLowerCase() === `video/${name}`);
    const h264 = named('h264').sort((a, b) => rank(a) - rank(b));
    const vp8 = named('vp8');
    if (h264.length + vp8.length === 0) return undefined;
    return [...(first === 'H264' ? [...h264, ...vp8] : [...vp8, ...h264]), ...named('rtx')];
}

/** Orders the codecs of a video line, `first` before the others. */
export function orderCodecs(transceiver: RTCRtpTransceiver, first?: VideoCodec): void {
    const capabilities = RTCRtpReceiver.getCapabilities?.('video')?.codecs;
    const codecs = capabilities && preferredCodecs(capabilities, first);
    if (!codecs) return;
    try {
        transceiver.setCodecPreferences(codecs);
    } catch {
        // The browser's own order has to do; the server takes what it can forward.
    }
}

function rank(codec: RTCRtpCodecCapability): number {
    const parameters = codec.sdpFmtpLine ?? '';
    const profile = /profile-level-id=([0-9a-f]{6})/i.exec(parameters)?.[1]?.toLowerCase() ?? '';
    const position = profiles.indexOf(profile);
    // Packetization mode 1 may split pictures over packets, so it comes before every profile of mode 0.
    return (position < 0 ? profiles.length : position) + (/packetization-mode=1/.test(parameters) ? 0 : 100);
}
