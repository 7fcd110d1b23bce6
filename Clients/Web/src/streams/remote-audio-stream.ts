import { Volume } from './volume';

/** What is heard of a call: the loudest speakers together, chosen by the server. The library plays it by itself. */
export class RemoteAudioStream {
    private readonly level: Volume;

    /** @internal */
    constructor(private readonly stream: MediaStream) {
        this.level = new Volume(() => this.stream);
    }

    get mediaStreamType(): 'Audio' {
        return 'Audio';
    }

    /** How loud the call is. */
    get volume(): Volume {
        return this.level;
    }

    /** How loud the call is. */
    async getVolume(): Promise<Volume> {
        return this.level;
    }

    /** The stream, with one track for each speaker who is heard at the same time. */
    async getMediaStream(): Promise<MediaStream> {
        return this.stream;
    }

    /** @internal */
    dispose(): void {
        this.level.stop();
    }
}
