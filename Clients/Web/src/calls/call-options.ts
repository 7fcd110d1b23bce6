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
}

/** How to begin a call. */
export interface CallOptions {
    audioOptions?: AudioOptions;
    videoOptions?: VideoOptions;
}

export type StartCallOptions = CallOptions;
export type AcceptCallOptions = CallOptions;
export type JoinCallOptions = CallOptions;

/** A group call, by a GUID of the app's choice. Whoever comes first makes it. */
export interface GroupLocator {
    groupId: string;
}

export interface HangUpOptions {
    /** End the call for everybody, rather than leave it. */
    forEveryone?: boolean;
}

/** The most that is to be sent of the camera; members left out stay as they are. */
export interface MediaConstraints {
    video?: {
        send?: {
            /** Bits a second. */
            bitrate?: { max: number };
            /** Pixels. */
            frameHeight?: { max: number };
            /** Frames a second. */
            frameRate?: { max: number };
        };
    };
}
