import type { CallingError } from '../errors';
import { IdleFeature } from './idle-feature';

/** A change of a picture, such as a blurred background. */
export interface VideoEffect {
    readonly name: string;
}

export interface VideoEffectsEvents {
    effectsStarted: readonly string[];
    effectsStopped: readonly string[];
    effectsError: CallingError;
    fpsWarningThresholdReached: readonly string[];
    timeForEffectsWarningReached: readonly string[];
}

/** Changes a picture before it is sent. Not offered yet: no effect is supported. */
export class VideoEffectsFeature extends IdleFeature<VideoEffectsEvents> {
    readonly name = 'VideoEffects';

    get activeEffects(): readonly string[] {
        return [];
    }

    async isSupported(_effect: VideoEffect): Promise<boolean> {
        return false;
    }

    startEffects(_effect: VideoEffect): Promise<void> {
        return this.refuse('startEffects');
    }

    async stopEffects(): Promise<void> {}
}

export interface ActiveAudioEffects {
    readonly autoGainControl: readonly string[];
    readonly echoCancellation: readonly string[];
    readonly noiseSuppression: readonly string[];
}

/** Which effects to begin: the name of a browser's own, or an effect object. */
export interface AudioEffectsStartConfig {
    autoGainControl?: string | object;
    echoCancellation?: string | object;
    noiseSuppression?: string | object;
}

export interface AudioEffectsStopConfig {
    autoGainControl?: boolean;
    echoCancellation?: boolean;
    noiseSuppression?: boolean;
}

export interface AudioEffectsEvents {
    effectsStarted: ActiveAudioEffects;
    effectsStopped: ActiveAudioEffects;
    effectsError: CallingError;
}

/** Changes a sound before it is sent. Not offered yet: the browser's own processing is always on. */
export class AudioEffectsFeature extends IdleFeature<AudioEffectsEvents> {
    readonly name = 'AudioEffects';

    get activeEffects(): ActiveAudioEffects {
        return { autoGainControl: [], echoCancellation: [], noiseSuppression: [] };
    }

    async isSupported(_effect: string | object): Promise<boolean> {
        return false;
    }

    startEffects(_effects: AudioEffectsStartConfig): Promise<void> {
        return this.refuse('startEffects');
    }

    async stopEffects(_effects: AudioEffectsStopConfig): Promise<void> {}
}
