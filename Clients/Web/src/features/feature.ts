/** What every feature has. */
export interface BaseFeature {
    readonly name: string;
    /** Ends what the feature does; the end of its owner does so as well. */
    dispose(): void;
}

/** Names a feature; those of the library are in `Features`. */
export interface FeatureFactory {
    readonly name: string;
}

/** An extra of a call, got by `call.feature(Features.…)`. */
export interface CallFeatureFactory<Feature> extends FeatureFactory {
    readonly callApiCtor: new (context: never) => Feature;
}

/** An extra of a client, got by `callClient.feature(Features.…)`. */
export interface CallClientFeatureFactory<Feature> extends FeatureFactory {
    readonly callClientApiCtor: new (context: never) => Feature;
}

/** An extra of an agent, got by `callAgent.feature(…)`. There is none yet. */
export interface CallAgentFeatureFactory<Feature> extends FeatureFactory {
    readonly callAgentApiCtor: new (context: never) => Feature;
}

/** An extra of a picture, got by `stream.feature(Features.VideoEffects)`. */
export interface VideoStreamFeatureFactory<Feature> extends FeatureFactory {
    readonly videoStreamApiCtor: new (context: never) => Feature;
}

/** An extra of a sound, got by `stream.feature(Features.AudioEffects)`. */
export interface AudioStreamFeatureFactory<Feature> extends FeatureFactory {
    readonly audioStreamApiCtor: new (context: never) => Feature;
}
