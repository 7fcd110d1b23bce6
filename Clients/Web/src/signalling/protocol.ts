/**
 * The messages of the signalling protocol, version 1, as they travel. See docs/protocol.md; the golden messages in
 * Tests/Golden/signalling are examples of each.
 */

export const protocolVersion = 1;

export type WireCallState =
    | 'Connecting'
    | 'Ringing'
    | 'Connected'
    | 'LocalHold'
    | 'RemoteHold'
    | 'Disconnecting'
    | 'Disconnected';

export type WireParticipantState = 'Connecting' | 'Ringing' | 'Connected' | 'Hold' | 'Reconnecting' | 'Disconnected';

export type WireCallKind = 'oneToOne' | 'group';

/** Why a ringing call is turned away. */
export type RejectReason = 'declined' | 'busy';

export interface WireReason {
    code: number;
    subCode: number;
    message: string;
}

export interface WireError extends WireReason {
    reason: string;
    target?: string;
}

/** What a participant shows beside sound and pictures; absent when it does not. */
export interface WireMarks {
    /** The hand is up; of two hands the one with the smaller number has been up longer. */
    hand?: number;
    /** In the spotlight; smaller numbers have been so longer. */
    spotlight?: number;
}

/** The reactions that there are. */
export const reactions = ['like', 'heart', 'laugh', 'surprised', 'applause'] as const;
export type WireReaction = typeof reactions[number];

/** What the caller's app tells the callee's. */
export interface WireCustomContext {
    userToUser?: string;
    headers?: { key: string; value: string }[];
}

export interface WireParticipant extends WireMarks {
    participantId: string;
    userId: string;
    displayName?: string | null;
    state: WireParticipantState;
    muted: boolean;
    onHold: boolean;
    camera: boolean;
    screen: boolean;
    speaking: boolean;
}

export interface WireSnapshot extends WireMarks {
    callId: string;
    kind: WireCallKind;
    state: WireCallState;
    direction: 'Incoming' | 'Outgoing';
    groupId?: string | null;
    participantId: string;
    muted: boolean;
    onHold: boolean;
    camera: boolean;
    screen: boolean;
    rosterSequence: number;
    participants: WireParticipant[];
    dominant: string[];
    /** Only with state Disconnected. */
    reason?: WireReason | null;
}

export type LinePurpose = 'microphone' | 'camera' | 'screen' | 'audioSlot' | 'videoSlot' | 'screenSlot';

export interface WireMediaOffer {
    sdp: string;
    lines: { mid: string; purpose: LinePurpose }[];
}

export interface WireMediaAnswer {
    sdp: string;
    lines?: { mid: string; purpose: LinePurpose; codecs?: string[] }[];
}

export type VideoSource = 'camera' | 'screen';

export type WireSlotWish =
    | { mid: string; participantId: string; source: VideoSource; width: number; height: number }
    | { mid: string; participantId: null };

export interface WireSlot {
    mid: string;
    participantId: string | null;
    source: VideoSource | 'microphone' | null;
    state: 'empty' | 'waiting' | 'active' | 'unavailable';
    codec?: string;
    reason?: string;
    message?: string;
}

/**
 * Whether a layer of a line is watched by anybody, and the most that they can use of it, in bits a second; null for no
 * limit. `rid` is null for a line that is sent as one stream.
 */
export interface WireLayer {
    rid: string | null;
    active: boolean;
    maxBitrate?: number | null;
}

/** How the estimate of what this client can receive develops. */
export type WireCongestionState =
    | 'increasing'
    | 'delayLimited'
    | 'lossLimited'
    | 'applicationLimited'
    | 'feedbackMissing'
    | 'atMaximum';

export type WireAllocationReason =
    | 'best'
    | 'viewSize'
    | 'bandwidth'
    | 'caution'
    | 'priority'
    | 'paused'
    | 'notSent'
    | 'publisherBandwidth'
    | 'serverBusy';

/** What the server sends into a slot, and why not more. */
export interface WireSlotAllocation {
    mid: string;
    rid: string | null;
    width?: number | null;
    height?: number | null;
    bitrate: number;
    reason: WireAllocationReason;
}

export interface WireIceServer {
    urls: string | string[];
    username?: string;
    credential?: string;
}

export interface WireWelcome {
    type: 'welcome';
    version: number;
    userId: string;
    displayName?: string | null;
    sessionId: string;
    endpointId: string;
    resume: string;
    resumed: boolean;
    resumeWindowSeconds: number;
    heartbeatSeconds: number;
    expiresOn: string;
    calls: WireSnapshot[];
}

export interface WireIncomingCall {
    type: 'incomingCall';
    callId: string;
    from: { userId: string; displayName?: string | null };
    kind: WireCallKind;
    groupId?: string | null;
    participantCount: number;
    customContext?: WireCustomContext;
}

export type CallPush =
    | { type: 'call.state'; callId: string; state: WireCallState; kind: WireCallKind; reason: WireReason | null }
    | {
          type: 'call.roster';
          callId: string;
          sequence: number;
          added: WireParticipant[];
          changed: WireParticipant[];
          removed: { participantId: string; reason: WireReason }[];
      }
    | ({
          type: 'call.self';
          callId: string;
          muted: boolean;
          mutedBy?: string | null;
          onHold: boolean;
          camera: boolean;
          screen: boolean;
      } & WireMarks)
    | { type: 'call.reactions'; callId: string; reactions: { participantId: string; reaction: WireReaction }[] }
    | { type: 'call.speakers'; callId: string; dominant: string[]; levels: Record<string, number> }
    | { type: 'media.state'; callId: string; state: 'interrupted' | 'connected' }
    | { type: 'media.slots'; callId: string; slots: WireSlot[] }
    | { type: 'media.codec'; callId: string; mid: string; codec: string; reason: string }
    | { type: 'media.layers'; callId: string; mid: string; layers: WireLayer[] }
    | {
          type: 'media.allocation';
          callId: string;
          availableBitrate: number | null;
          state: WireCongestionState | null;
          /** How media reaches this client. */
          transport?: 'udp' | 'tcp' | 'relay';
          slots: WireSlotAllocation[];
      };

export type SessionPush =
    | WireIncomingCall
    | { type: 'incomingCallEnded'; callId: string; reason: WireReason }
    | { type: 'tokenExpiring'; expiresOn: string }
    | { type: 'serverClosing'; reason: string; inSeconds: number };

export interface WireReply {
    type: 'reply';
    to: number;
    call?: WireSnapshot;
    media?: WireMediaAnswer;
    participantId?: string;
    iceServers?: WireIceServer[];
    expiresInSeconds?: number;
}

export type ServerMessage =
    | WireWelcome
    | WireReply
    | { type: 'error'; to?: number; error: WireError }
    | { type: 'pong'; time: number }
    | SessionPush
    | CallPush;

interface MediaPart {
    media?: WireMediaOffer;
}

/** Every request a client can make, by `type`, with its members other than `type` and `id`. */
export interface Requests {
    'call.start': { targets: string[]; muted: boolean; customContext?: WireCustomContext } & MediaPart;
    'call.join': { groupId: string; muted: boolean } & MediaPart;
    'call.accept': { callId: string; muted: boolean } & MediaPart;
    'call.reject': { callId: string; reason?: RejectReason };
    'call.hangUp': { callId: string; forEveryone: boolean };
    'call.add': { callId: string; target: string };
    'call.remove': { callId: string; participantId: string };
    'call.mute': { callId: string; muted: boolean };
    'call.muteParticipants': { callId: string; participantIds?: string[] };
    'call.hold': { callId: string; onHold: boolean };
    'call.publish': { callId: string; camera: boolean; screen: boolean };
    'call.raiseHand': { callId: string; raised: boolean };
    /** Absent is everybody. */
    'call.lowerHands': { callId: string; participantIds?: string[] };
    /** Absent, which is everybody, only to end it. */
    'call.spotlight': { callId: string; participantIds?: string[]; on: boolean };
    'call.react': { callId: string; reaction: WireReaction };
    'media.offer': { callId: string } & WireMediaOffer;
    'media.receive': { callId: string; slots: WireSlotWish[] };
    'media.servers': object;
    /** Null is everybody. */
    'data.recipients': { callId: string; channelId: number; participantIds: string[] | null };
    token: { token: string };
}

export type RequestType = keyof Requests;

/**
 * Requests that can safely be sent again when the connection broke before their answer came: doing them twice has the
 * same effect as doing them once. The others may have been carried out, so their callers must look first.
 */
export const repeatable: ReadonlySet<RequestType> = new Set<RequestType>([
    'call.reject',
    'call.hangUp',
    'call.remove',
    'call.mute',
    'call.muteParticipants',
    'call.hold',
    'call.publish',
    'call.raiseHand',
    'call.lowerHands',
    'call.spotlight',
    'media.receive',
    'media.servers',
    'data.recipients',
    'token',
]);

/** Reads one text frame; undefined for anything that is no message of a server. */
export function parseServerMessage(text: unknown): ServerMessage | undefined {
    if (typeof text !== 'string') return undefined;
    try {
        const message: unknown = JSON.parse(text);
        if (typeof message !== 'object' || message === null) return undefined;
        if (typeof (message as { type?: unknown }).type !== 'string') return undefined;
        return message as ServerMessage;
    } catch {
        return undefined;
    }
}

/** Close codes of the server with a meaning beyond "the connection is gone". */
export const closeCodes = {
    noHello: 4400,
    unauthorized: 4401,
    resumedElsewhere: 4409,
    tooManyMessages: 4429,
} as const;
