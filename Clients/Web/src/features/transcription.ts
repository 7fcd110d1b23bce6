import { IdleFeature } from './idle-feature';

export interface TranscriptionEvents {
    isTranscriptionActiveChanged: void;
}

/** Whether the call is written down by the server. Not offered yet: it never is. */
export class TranscriptionCallFeature extends IdleFeature<TranscriptionEvents> {
    readonly name = 'Transcription';

    get isTranscriptionActive(): boolean {
        return false;
    }
}
