import type { PhoneNumberIdentifier } from '../identifiers';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { LocalVideoStream } from '../streams/local-video-stream';

export interface AudioOptions {
    /** Begin with the microphone closed. */
    muted?: boolean;
    /** What to send instead of the selected microphone. */
    localAudioStreams?: LocalAudioStream[];
}

export interface VideoOptions {
    /** Send this camera from the beginning; at most one. */
    localVideoStreams?: LocalVideoStream[];
    /** The most that is to be sent of it. */
    constraints?: VideoConstraints;
}

/** How to begin a call. */
export interface CallOptions {
    audioOptions?: AudioOptions;
    videoOptions?: VideoOptions;
}

export interface xHeader {
    key: string;
    value: string;
}

/** What the caller's app tells the callee's; at most five headers of each kind. */
export interface CustomContext {
    userToUser?: string;
    voipHeaders?: xHeader[];
    sipHeaders?: xHeader[];
    /** The older name of `sipHeaders`. */
    xHeaders?: xHeader[];
}

export interface StartCallOptions extends CallOptions {
    /** Reaches the callee as {@link IncomingCall.customContext}. */
    customContext?: CustomContext;
    /** The number that a telephone shows. Without effect on calls between users, which have no numbers. */
    alternateCallerId?: PhoneNumberIdentifier;
    /** Teams only, and therefore refused. */
    threadId?: string;
}

/** How to call somebody into a call. */
export interface AddParticipantOptions {
    alternateCallerId?: PhoneNumberIdentifier;
    threadId?: string;
}

export type AcceptCallOptions = CallOptions;
export type JoinCallOptions = CallOptions;

/** A group call, by a GUID of the app's choice. Whoever comes first makes it. */
export interface GroupLocator {
    groupId: string;
}

/** A room. Rooms are not offered yet: joining one is refused. */
export interface RoomLocator {
    roomId: string;
}

/** A meeting of Microsoft Teams, which this server does not join: refused. */
export type MeetingLocator = { meetingLink: string } | { meetingId: string; passcode?: string };

export interface HangUpOptions {
    /** End the call for everybody, rather than leave it. */
    forEveryone?: boolean;
}

/** The most of something; 0 is no limit. */
export interface MediaConstraintRange {
    max?: number;
}

/** The most that is to be sent of a picture; members left out stay as they are. */
export interface VideoSendConstraints {
    /** Bits a second. */
    bitrate?: MediaConstraintRange;
    /** Pixels. */
    frameHeight?: MediaConstraintRange;
    /** Frames a second. */
    frameRate?: MediaConstraintRange;
}

export interface VideoConstraints {
    send?: VideoSendConstraints;
}

/** The most that is to be sent of the camera; members left out stay as they are. */
export interface CallConstraints {
    video?: VideoConstraints;
}

export type MediaConstraints = CallConstraints;

/** Tones of a telephone's keys. */
export type DtmfTone =
    | 'A'
    | 'B'
    | 'C'
    | 'D'
    | 'Flash'
    | 'Num0'
    | 'Num1'
    | 'Num2'
    | 'Num3'
    | 'Num4'
    | 'Num5'
    | 'Num6'
    | 'Num7'
    | 'Num8'
    | 'Num9'
    | 'Pound'
    | 'Star';
