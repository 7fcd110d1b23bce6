import { EventSource } from '../events';
import type { CommunicationIdentifierKind } from '../identifiers';
import type { CallFeatureContext } from './call-feature-context';
import type { BaseFeature } from './feature';

export interface DominantSpeakersInfo {
    /** Who speaks most, loudest first. */
    readonly speakersList: readonly CommunicationIdentifierKind[];
    /** When the list changed last. */
    readonly timestamp: Date;
}

export interface DominantSpeakersEvents {
    dominantSpeakersChanged: void;
}

/** Who speaks most in a call. */
export class DominantSpeakersCallFeature extends EventSource<DominantSpeakersEvents> implements BaseFeature {
    readonly name = 'DominantSpeakers';
    private info: DominantSpeakersInfo;

    /** @internal */
    constructor({ roster }: CallFeatureContext) {
        super();
        const read = () => ({ speakersList: roster.dominant.map(it => it.identifier), timestamp: new Date() });
        this.info = read();
        roster.on('dominantChanged', () => {
            this.info = read();
            this.emit('dominantSpeakersChanged');
        });
    }

    get dominantSpeakers(): DominantSpeakersInfo {
        return this.info;
    }

    dispose(): void {}
}
