import { callingError } from './errors';
import { LocalVideoStream } from './streams/local-video-stream';
import type { RemoteVideoStream, StreamSize } from './streams/remote-video-stream';
import { ViewMeter } from './view-meter';

/** How a picture fills a view of another shape: distorted, cut off at the edges, or with empty edges. */
export type ScalingMode = 'Stretch' | 'Crop' | 'Fit';

export interface CreateViewOptions {
    /** `Crop` unless told. */
    scalingMode?: ScalingMode;
    /** Left and right exchanged, as in a mirror; usual for one's own camera. */
    isMirrored?: boolean;
}

const objectFit: Record<ScalingMode, string> = { Stretch: 'fill', Crop: 'cover', Fit: 'contain' };

/** Makes views of one video stream; several views of a stream cost no more transmission than the largest of them. */
export class VideoStreamRenderer {
    private readonly views = new Set<VideoStreamRendererView>();
    private disposed = false;

    constructor(private readonly stream: LocalVideoStream | RemoteVideoStream) {}

    /** Makes a view; put its `target` into the page. Starts the camera, or the transmission of a remote stream. */
    async createView(options: CreateViewOptions = {}): Promise<VideoStreamRendererView> {
        if (this.disposed) throw callingError('rendererDisposed');
        if (this.stream instanceof LocalVideoStream) await this.stream.acquire();
        const disposed = () => this.views.delete(view);
        const view: VideoStreamRendererView = new VideoStreamRendererView(this.stream, options, disposed);
        this.views.add(view);
        // The renderer may have been disposed while the camera started.
        if (this.disposed) view.dispose();
        return view;
    }

    /** The size of the pictures; 0 × 0 until the first one. The mirrored SDK advises against it: read the stream's. */
    get size(): StreamSize {
        if (!(this.stream instanceof LocalVideoStream)) return this.stream.size;
        const { width = 0, height = 0 } = this.stream.current?.getVideoTracks()[0]?.getSettings() ?? {};
        return { width, height };
    }

    /** Disposes all its views. */
    dispose(): void {
        if (this.disposed) throw callingError('rendererAlreadyDisposed');
        this.disposed = true;
        for (const view of [...this.views]) view.dispose();
    }
}

/** One place in the page where a video stream is seen. */
export class VideoStreamRendererView {
    /** The element to put into the page. It fills the width and height that its parent gives it. */
    readonly target: HTMLElement;
    private readonly video: HTMLVideoElement;
    private mode: ScalingMode;
    private readonly mirrored: boolean;
    private disposers: (() => void)[] = [];
    private meter: ViewMeter | undefined;

    /** @internal */
    constructor(stream: LocalVideoStream | RemoteVideoStream, options: CreateViewOptions, disposed: () => void) {
        this.mode = options.scalingMode ?? 'Crop';
        this.mirrored = options.isMirrored ?? false;
        this.video = document.createElement('video');
        this.video.autoplay = true;
        this.video.muted = true;
        this.video.playsInline = true;
        // React and other frameworks set attributes late; iOS looks at the attribute, not at the property.
        this.video.setAttribute('playsinline', '');
        const style = this.video.style;
        style.width = style.height = '100%';
        style.display = 'block';
        style.objectFit = objectFit[this.mode];
        if (this.mirrored) style.transform = 'scaleX(-1)';
        this.target = document.createElement('div');
        this.target.style.width = this.target.style.height = '100%';
        this.target.style.overflow = 'hidden';
        this.target.appendChild(this.video);
        this.disposers.push(disposed);
        if (stream instanceof LocalVideoStream) this.showLocal(stream);
        else this.showRemote(stream);
    }

    get scalingMode(): ScalingMode {
        return this.mode;
    }

    get isMirrored(): boolean {
        return this.mirrored;
    }

    async updateScalingMode(mode: ScalingMode): Promise<void> {
        this.mode = mode;
        this.video.style.objectFit = objectFit[mode];
        this.meter?.measure();
    }

    /** Removes the view from the page; the last view of a stream ends its camera or transmission. */
    dispose(): void {
        const disposers = this.disposers;
        this.disposers = [];
        for (const dispose of disposers) dispose();
        this.video.srcObject = null;
        this.target.remove();
    }

    private showLocal(stream: LocalVideoStream): void {
        const attach = () => this.attach(stream.current);
        attach();
        stream.on('trackChanged', attach);
        this.disposers.push(() => {
            stream.off('trackChanged', attach);
            stream.unacquire();
        });
    }

    private showRemote(stream: RemoteVideoStream): void {
        const meter = new ViewMeter(this.target, this.video, () => this.mode, () => stream.viewerResized());
        this.meter = meter;
        const attach = () => this.attach(stream.mediaStream);
        // A slot shows somebody else until the server has switched it over, so nothing is seen until then.
        const reveal = () => {
            this.video.style.visibility = stream.isReceiving ? 'visible' : 'hidden';
        };
        const resized = () => {
            stream.setSize({ width: this.video.videoWidth, height: this.video.videoHeight });
            meter.measure();
        };
        this.video.addEventListener('resize', resized);
        stream.on('isReceivingChanged', reveal);
        this.disposers.push(
            stream.observeSlot(attach),
            () => meter.dispose(),
            () => stream.off('isReceivingChanged', reveal),
            () => stream.removeViewer(meter),
        );
        stream.addViewer(meter);
        reveal();
        attach();
    }

    private attach(stream: MediaStream | undefined): void {
        this.video.srcObject = stream ?? null;
        // A play() cut short by the next srcObject rejects; autoplay starts that one.
        if (stream) this.video.play()?.catch(() => {});
    }
}
