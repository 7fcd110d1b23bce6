import { EventSource, type CollectionUpdate } from '../events';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { RemoteAudioStream } from '../streams/remote-audio-stream';
import type { CallMedia } from './call-media';
import type { CallStatus } from './call-status';

export interface AudioStreamsEvents {
    localUpdated: CollectionUpdate<LocalAudioStream>;
    remoteUpdated: CollectionUpdate<RemoteAudioStream>;
}

/** The sound that a call sends, once the microphone runs, and the sound it gets, once it is connected. */
export class AudioStreams extends EventSource<AudioStreamsEvents> {
    private isHeard = false;

    constructor(
        private readonly media: CallMedia,
        status: CallStatus,
    ) {
        super();
        media.local.on('microphoneSentChanged', () => {
            const { microphone, isMicrophoneSent } = media.local;
            this.emit('localUpdated', change(microphone, isMicrophoneSent));
        });
        status.on('stateChanged', () => {
            const isHeard = status.state === 'Connected' || (this.isHeard && !status.isOver);
            if (isHeard === this.isHeard) return;
            this.isHeard = isHeard;
            this.emit('remoteUpdated', change(media.remoteAudio, isHeard));
        });
    }

    get local(): LocalAudioStream[] {
        return this.media.local.isMicrophoneSent ? [this.media.local.microphone] : [];
    }

    get remote(): RemoteAudioStream[] {
        return this.isHeard ? [this.media.remoteAudio] : [];
    }
}

function change<Stream>(stream: Stream, isThere: boolean): CollectionUpdate<Stream> {
    return isThere ? { added: [stream], removed: [] } : { added: [], removed: [stream] };
}
