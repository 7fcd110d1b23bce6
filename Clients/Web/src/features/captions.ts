import { EventSource } from '../events';
import type { ParticipantInfo } from '../calls/remote-participant';
import { IdleFeature, notOffered } from './idle-feature';

export type CaptionsKind = 'Captions' | 'TeamsCaptions';
export type CaptionsResultType = 'Partial' | 'Final';

export interface StartCaptionsOptions {
    /** Such as `en-us` (BCP 47). */
    spokenLanguage?: string;
}

/** What somebody said. */
export interface CaptionsInfo {
    readonly speaker: ParticipantInfo;
    readonly spokenText: string;
    readonly captionText?: string;
    readonly captionLanguage?: string;
    readonly spokenLanguage: string;
    readonly resultType: CaptionsResultType;
    readonly timestamp: Date;
}

export interface CaptionsEvents {
    CaptionsActiveChanged: void;
    CaptionsReceived: CaptionsInfo;
    SpokenLanguageChanged: void;
    CaptionLanguageChanged: void;
}

/** What is said in the call, as text. Not offered yet: there is none, and it cannot be begun. */
export class Captions extends EventSource<CaptionsEvents> {
    get kind(): CaptionsKind {
        return 'Captions';
    }

    get isCaptionsFeatureActive(): boolean {
        return false;
    }

    get supportedSpokenLanguages(): readonly string[] {
        return [];
    }

    get supportedCaptionLanguages(): readonly string[] {
        return [];
    }

    get activeSpokenLanguage(): string {
        return '';
    }

    get activeCaptionLanguage(): string {
        return '';
    }

    async startCaptions(_options?: StartCaptionsOptions): Promise<void> {
        throw notOffered('Captions.startCaptions', 'Captions');
    }

    async stopCaptions(): Promise<void> {
        throw notOffered('Captions.stopCaptions', 'Captions');
    }

    async setSpokenLanguage(_language: string): Promise<void> {
        throw notOffered('Captions.setSpokenLanguage', 'Captions');
    }

    async setCaptionLanguage(_language: string): Promise<void> {
        throw notOffered('Captions.setCaptionLanguage', 'Captions');
    }
}

/** Captions of the call, of one kind at a time. */
export class CaptionsCallFeature extends IdleFeature<{ CaptionsKindChanged: void }> {
    readonly name = 'Captions';
    readonly captions = new Captions();
}
