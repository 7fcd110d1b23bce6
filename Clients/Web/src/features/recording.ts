import type { CollectionUpdate } from '../events';
import { IdleFeature } from './idle-feature';

/** How far a recording is. */
export enum RecordingState {
    None = 0,
    Started = 1,
    Paused = 2,
    Ended = 3,
}

/** A recording of the call. */
export interface RecordingInfo {
    readonly state: RecordingState;
    /** Who began it. */
    readonly displayName?: string;
}

export interface RecordingEvents {
    isRecordingActiveChanged: void;
    recordingsUpdated: CollectionUpdate<RecordingInfo>;
}

/** Whether the call is recorded by the server. Not offered yet: it never is. */
export class RecordingCallFeature extends IdleFeature<RecordingEvents> {
    readonly name = 'Recording';

    get isRecordingActive(): boolean {
        return false;
    }

    get recordings(): readonly RecordingInfo[] {
        return [];
    }
}

/** How far a recording on somebody's device is. */
export enum LocalRecordingState {
    None = 0,
    Started = 1,
    Ended = 2,
}

/** A recording on somebody's device. */
export interface LocalRecordingInfo {
    readonly state: LocalRecordingState;
    readonly displayName?: string;
}

export interface LocalRecordingEvents {
    isLocalRecordingActiveChanged: void;
    localRecordingsUpdated: CollectionUpdate<LocalRecordingInfo>;
}

/** Whether somebody records the call on their device. Not offered yet: it is not known. */
export class LocalRecordingCallFeature extends IdleFeature<LocalRecordingEvents> {
    readonly name = 'LocalRecording';

    get isRecordingActive(): boolean {
        return false;
    }

    get recordings(): readonly LocalRecordingInfo[] {
        return [];
    }
}
