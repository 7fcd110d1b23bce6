import { EventSource } from '../events';
import type { VideoSource } from '../signalling/protocol';

export interface StreamSize {
    width: number;
    height: number;
}

export interface RemoteVideoStreamEvents {
    /** The participant began or stopped sending it. */
    isAvailableChanged: void;
    /** Pictures began or stopped to come in. */
    isReceivingChanged: void;
    /** The size of the pictures changed. */
    sizeChanged: void;
    /** Our addition: it became impossible, or possible again, to show the stream. */
    unavailableReasonChanged: void;
}

/** Why an available stream cannot be shown; our addition. */
export interface UnavailableReason {
    /** `codecNotSupported`, `notPublished`, `participantLeft`, or `noFreeSlot` when too many streams are watched. */
    readonly reason: string;
    /** A sentence for a person. */
    readonly message: string;
}

/** @internal Somebody who watches the stream. */
export interface Viewer {
    /** In device pixels; 0 × 0 while unknown, undefined while nothing of it can be seen. */
    readonly size: StreamSize | undefined;
}

/** The size that is asked for when nothing is known of the place where the stream is shown. */
const unknownSize: StreamSize = { width: 640, height: 360 };

/** The camera or the screen of a remote participant. It is transmitted only while something shows it. */
export class RemoteVideoStream extends EventSource<RemoteVideoStreamEvents> {
    private available = false;
    private receiving = false;
    private pictureSize: StreamSize = { width: 0, height: 0 };
    private whyNot: UnavailableReason | undefined;
    private slotStream: MediaStream | undefined;
    private readonly viewers = new Set<Viewer>();
    private readonly waiting: ((stream: MediaStream) => void)[] = [];
    private readonly slotObservers = new Set<() => void>();
    private rawViewer: Viewer | undefined;

    /** @internal */
    constructor(
        /** Unique in the page. */
        readonly id: number,
        /** @internal */ readonly participantId: string,
        /** @internal */ readonly wireSource: VideoSource,
        /** @internal */ private readonly demandChanged: (stream: RemoteVideoStream) => void,
    ) {
        super();
    }

    /** Words about what the stream shows. There are none yet. */
    get tags(): readonly string[] {
        return [];
    }

    get mediaStreamType(): 'Video' | 'ScreenSharing' {
        return this.wireSource === 'screen' ? 'ScreenSharing' : 'Video';
    }

    /** Whether the participant sends it now. */
    get isAvailable(): boolean {
        return this.available;
    }

    /** Whether its pictures come in now. False while nothing shows the stream. */
    get isReceiving(): boolean {
        return this.receiving;
    }

    /** The size of the pictures that come in; 0 × 0 until the first one. */
    get size(): StreamSize {
        return this.pictureSize;
    }

    /** Why the stream cannot be shown although it is available; undefined when it can. Our addition. */
    get unavailableReason(): UnavailableReason | undefined {
        return this.whyNot;
    }

    /** The stream itself, for an app that draws it in its own way. From then on it is transmitted while available. */
    getMediaStream(): Promise<MediaStream> {
        if (!this.rawViewer) {
            this.rawViewer = { size: unknownSize };
            this.addViewer(this.rawViewer);
        }
        if (this.slotStream) return Promise.resolve(this.slotStream);
        return new Promise(resolve => this.waiting.push(resolve));
    }

    /** @internal */
    addViewer(viewer: Viewer): void {
        this.viewers.add(viewer);
        this.demandChanged(this);
    }

    /** @internal */
    removeViewer(viewer: Viewer): void {
        if (this.viewers.delete(viewer)) this.demandChanged(this);
    }

    /** @internal */
    viewerResized(): void {
        this.demandChanged(this);
    }

    /** @internal The largest size at which it is watched; undefined when nobody sees it or nothing is sent. */
    get demand(): StreamSize | undefined {
        if (!this.available || this.viewers.size === 0) return undefined;
        let width = 0;
        let height = 0;
        let seen = false;
        for (const { size } of this.viewers) {
            if (!size) continue;
            seen = true;
            width = Math.max(width, size.width);
            height = Math.max(height, size.height);
        }
        if (!seen) return undefined;
        return width > 0 && height > 0 ? { width, height } : unknownSize;
    }

    /** @internal The stream of the slot that the server was asked to put this source into. */
    get mediaStream(): MediaStream | undefined {
        return this.slotStream;
    }

    /** @internal */
    setAvailable(available: boolean): void {
        if (available === this.available) return;
        this.available = available;
        this.demandChanged(this);
        if (!available) this.setReception(false);
        this.emit('isAvailableChanged');
    }

    /** @internal */
    setSlot(stream: MediaStream | undefined): void {
        if (stream === this.slotStream) return;
        this.slotStream = stream;
        if (!stream) this.setReception(false);
        else for (const resolve of this.waiting.splice(0)) resolve(stream);
        for (const observer of [...this.slotObservers]) observer();
    }

    /** @internal What the server, or our own slot table, says of the reception. */
    setReception(receiving: boolean, whyNot?: UnavailableReason): void {
        const changed = receiving !== this.receiving;
        const reasonChanged = whyNot?.reason !== this.whyNot?.reason;
        this.receiving = receiving;
        this.whyNot = whyNot;
        if (changed) this.emit('isReceivingChanged');
        if (reasonChanged) this.emit('unavailableReasonChanged');
    }

    /** @internal */
    setSize(size: StreamSize): void {
        if (size.width === this.pictureSize.width && size.height === this.pictureSize.height) return;
        this.pictureSize = size;
        this.emit('sizeChanged');
    }

    /** @internal Tells of each change of `mediaStream`; returns a function that ends this. */
    observeSlot(observer: () => void): () => void {
        this.slotObservers.add(observer);
        return () => this.slotObservers.delete(observer);
    }
}
