import { DataChannelCallFeature } from '../data/data-channel-feature';
import { callingError } from '../errors';
import { EventSource } from '../events';
import type { CommunicationIdentifier } from '../identifiers';
import { MediaStatsCallFeature } from '../stats/media-stats-feature';
import type { CallMedia } from './call-media';
import type { CallRequests } from './call-requests';
import type { Roster } from './roster';

/** @internal What features are made of. */
export interface FeatureContext {
    readonly roster: Roster;
    readonly media: CallMedia;
    readonly requests: CallRequests;
}

/** An extra of a call, got by `call.feature(Features.…)`. */
export interface CallFeatureFactory<Feature> {
    readonly name: string;
    /** @internal */
    create(context: FeatureContext): Feature;
}

export interface DominantSpeakersInfo {
    /** Who speaks most, loudest first. */
    readonly speakersList: readonly CommunicationIdentifier[];
    /** When the list changed last. */
    readonly timestamp: Date;
}

export interface DominantSpeakersEvents {
    dominantSpeakersChanged: void;
}

/** Who speaks most in a call. */
export class DominantSpeakersCallFeature extends EventSource<DominantSpeakersEvents> {
    readonly name = 'DominantSpeakers';
    private info: DominantSpeakersInfo;

    /** @internal */
    constructor({ roster }: FeatureContext) {
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
}

/** The extras that `call.feature` knows. */
export const Features: {
    readonly DataChannel: CallFeatureFactory<DataChannelCallFeature>;
    readonly DominantSpeakers: CallFeatureFactory<DominantSpeakersCallFeature>;
    readonly MediaStats: CallFeatureFactory<MediaStatsCallFeature>;
} = {
    DataChannel: {
        name: 'DataChannel',
        create: ({ roster, media, requests }) => new DataChannelCallFeature(roster, media, requests),
    },
    DominantSpeakers: { name: 'DominantSpeakers', create: context => new DominantSpeakersCallFeature(context) },
    MediaStats: { name: 'MediaStats', create: context => new MediaStatsCallFeature(context.media) },
};

/** @internal The features of one call, each made once. */
export class FeatureSet {
    private readonly made = new Map<string, unknown>();

    constructor(private readonly context: FeatureContext) {}

    get<Feature>(factory: CallFeatureFactory<Feature>): Feature {
        if (typeof (factory as Partial<CallFeatureFactory<Feature>> | undefined)?.create !== 'function') {
            throw callingError('featureNotSupported');
        }
        if (!this.made.has(factory.name)) this.made.set(factory.name, factory.create(this.context));
        return this.made.get(factory.name) as Feature;
    }

    /** The call is over. */
    close(): void {
        for (const feature of this.made.values()) (feature as { dispose?(): void }).dispose?.();
    }
}
