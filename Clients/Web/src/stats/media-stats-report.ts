import type { WireAllocationReason, WireCongestionState } from '../signalling/protocol';

/**
 * Why a picture comes in as it does, and not better: `best` (nothing better exists), `viewSize` (a better one would be
 * larger than its view), `bandwidth`, `caution` (it fell lately and is held back for a while), `priority` (the bandwidth
 * went to a shared screen or a larger view), `paused` (the bandwidth does not even carry the smallest), `notSent` (the
 * sender does not send a better one at the moment), `publisherBandwidth` (the sender's own connection carries no better one),
 * `serverBusy` (the server has no time for more). Our addition.
 */
export type AllocationReason = WireAllocationReason;

/** How the server's estimate of what this device can receive develops. Our addition. */
export type CongestionState = WireCongestionState;

/** What every stream has. Rates are those of the last second, totals count since the stream began. */
interface StreamMediaStats<NumberType, StringType> {
    /** Names the stream from one report to the next. */
    id: string;
    codecName?: StringType;
    /** Bits a second. */
    bitrate?: NumberType;
    jitterInMs?: NumberType;
    packets?: NumberType;
    packetsPerSecond?: NumberType;
    packetsLost?: NumberType;
    packetsLostPerSecond?: NumberType;
    rttInMs?: NumberType;
    transportId?: StringType;
}

export interface OutgoingAudioMediaStats<NumberType, StringType> extends StreamMediaStats<NumberType, StringType> {
    /** From 0 to 65536. */
    audioInputLevel?: NumberType;
}

export interface IncomingAudioMediaStats<NumberType, StringType> extends StreamMediaStats<NumberType, StringType> {
    jitterBufferDelayInMs?: NumberType;
    /** From 0 to 65536. */
    audioOutputLevel?: NumberType;
    /** How much of the sound was made up in place of what was missing, from 0 to 1. */
    healedRatio?: NumberType;
    /** Whose sound it is. Our addition. */
    participantId?: StringType;
}

/** One layer of a camera that is sent in layers, or the whole. */
export interface OutgoingVideoMediaStats<NumberType, StringType> extends StreamMediaStats<NumberType, StringType> {
    frameRateInput?: NumberType;
    frameWidthInput?: NumberType;
    frameHeightInput?: NumberType;
    framesEncoded?: NumberType;
    frameRateEncoded?: NumberType;
    framesSent?: NumberType;
    frameRateSent?: NumberType;
    frameWidthSent?: NumberType;
    frameHeightSent?: NumberType;
    keyFramesEncoded?: NumberType;
    /** The name of the layer; absent for a stream without layers. Our addition. */
    rid?: StringType;
    /** What keeps the encoder from more: `none`, `cpu`, `bandwidth` or `other`. Our addition. */
    qualityLimitationReason?: StringType;
    /** Spatial and temporal layers in one stream, such as `L1T3`. Our addition. */
    scalabilityMode?: StringType;
}

export interface IncomingVideoMediaStats<NumberType, StringType> extends StreamMediaStats<NumberType, StringType> {
    /** The `id` of the participant's stream. */
    streamId?: NumberType;
    jitterBufferDelayInMs?: NumberType;
    frameRateDecoded?: NumberType;
    frameRateReceived?: NumberType;
    /** How many pictures a second are shown. */
    frameRateOutput?: NumberType;
    frameWidthReceived?: NumberType;
    frameHeightReceived?: NumberType;
    longestFreezeDurationInMs?: NumberType;
    totalFreezeDurationInMs?: NumberType;
    framesReceived?: NumberType;
    framesDropped?: NumberType;
    framesDecoded?: NumberType;
    keyFramesDecoded?: NumberType;
    /** How often the picture stood still. Our addition. */
    freezes?: NumberType;
    /** Whose picture it is. Our addition. */
    participantId?: StringType;
    /** Which layer the server sends; absent when there is but one. Our addition. */
    rid?: StringType;
    /** Bits a second that the server has set aside for it. Our addition. */
    allocatedBitrate?: NumberType;
    /** Why it is not better. Our addition. */
    allocationReason?: StringType;
}

export type OutgoingScreenShareMediaStats<NumberType, StringType> = OutgoingVideoMediaStats<NumberType, StringType>;
export type IncomingScreenShareMediaStats<NumberType, StringType> = IncomingVideoMediaStats<NumberType, StringType>;

export interface TransportMediaStats<NumberType, StringType> {
    id: string;
    rttInMs?: NumberType;
    /** What this device can receive as the server reckons, bits a second. */
    availableIncomingBitrate?: NumberType;
    /** What this device can send as the browser reckons, bits a second. */
    availableOutgoingBitrate?: NumberType;
    /** How the server's estimate develops. Our addition. */
    incomingCongestion?: StringType;
}

/** All streams of a call at one time. */
export interface MediaStatsReport<NumberType, StringType> {
    audio: {
        send: OutgoingAudioMediaStats<NumberType, StringType>[];
        receive: IncomingAudioMediaStats<NumberType, StringType>[];
    };
    video: {
        send: OutgoingVideoMediaStats<NumberType, StringType>[];
        receive: IncomingVideoMediaStats<NumberType, StringType>[];
    };
    screenShare: {
        send: OutgoingScreenShareMediaStats<NumberType, StringType>[];
        receive: IncomingScreenShareMediaStats<NumberType, StringType>[];
    };
    transports: TransportMediaStats<NumberType, StringType>[];
}

/** The event `sampleReported`: one second. */
export type MediaStatsReportSample = MediaStatsReport<number, string>;

/** Numbers of a summary, one for each aggregation interval, oldest first. */
export interface MediaStatsAggregation {
    count: number[];
    sum: number[];
    min: number[];
    max: number[];
}

/** A member of a summary: every sample, and for numbers their aggregation. */
export interface MediaStatValue<Value> {
    aggregation?: MediaStatsAggregation;
    raw: Value[];
    /** When the first sample was taken. */
    timestamp: Date;
}

/** The event `summaryReported`: all samples since the last one. */
export type MediaStatsReportSummary = MediaStatsReport<MediaStatValue<number>, MediaStatValue<string>>;
