import type { CollectionUpdate } from '../events';
import type { RemoteVideoStream } from '../streams/remote-video-stream';
import { IdleFeature } from './idle-feature';

export interface LiveStreamEvents {
    liveStreamsUpdated: CollectionUpdate<RemoteVideoStream>;
    participantCountChanged: void;
}

/** The call as a broadcast. Not offered yet: there is none. */
export class LiveStreamCallFeature extends IdleFeature<LiveStreamEvents> {
    readonly name = 'LiveStream';

    get liveStreams(): readonly RemoteVideoStream[] {
        return [];
    }

    get participantCount(): number {
        return 0;
    }
}

/** Pictures that the server puts together. Not offered yet: there are none. */
export class ComposedStreamCallFeature extends IdleFeature<{
    composedStreamsUpdated: CollectionUpdate<RemoteVideoStream>;
}> {
    readonly name = 'ComposedStream';

    get composedStreams(): readonly RemoteVideoStream[] {
        return [];
    }
}
