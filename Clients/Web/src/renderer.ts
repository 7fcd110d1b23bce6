import { callingError } from './errors';
import { LocalVideoStream } from './streams/local-video-stream';
import type { RemoteVideoStream, Viewer } from './streams/remote-video-stream';

/** How a picture fills a view of another shape: distorted, cut off at the edges, or with empty edges. */
export type ScalingMode = 'Stretch' | 'Crop' | 'Fit';

export interface CreateViewOptions {
    /** `Crop` unless told. */
    scalingMode?: ScalingMode;
    /** Left and right exchanged, as in a mirror; usual for one's own camera. */
    isMirrored?: boolean;
}

const objectFit: Record<ScalingMode, string> = { Stretch: 'fill', Crop: 'cover', Fit: 'contain' };

/** Sizes are told to the server only after the layout has been quiet for this long, milliseconds. */
const resizePause = 150;

/** Makes views of one video stream; several views of a stream cost no more transmission than the largest of them. */
export class VideoStreamRenderer {
    private readonly views = new Set<VideoStreamRendererView>();
    private disposed = false;

    constructor(private readonly stream: LocalVideoStream | RemoteVideoStream) {}

    /** Makes a view; put its `target` into the page. Starts the camera, or the transmission of a remote stream. */
    async createView(options: CreateViewOptions = {}): Promise<VideoStreamRendererView> {
        if (this.disposed) throw callingError('disposed', 'The renderer has been disposed.');
        if (this.stream instanceof LocalVideoStream) await this.stream.acquire();
        const disposed = () => this.views.delete(view);
        const view: VideoStreamRendererView = new VideoStreamRendererView(this.stream, options, disposed);
        this.views.add(view);
        // The renderer may have been disposed while the camera started.
        if (this.disposed) view.dispose();
        return view;
    }

    /** Disposes all its views. */
    dispose(): void {
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
        const viewer: Viewer = { size: { width: 0, height: 0 } };
        const attach = () => this.attach(stream.mediaStream);
        // A slot shows somebody else until the server has switched it over, so nothing is seen until then.
        const reveal = () => {
            this.video.style.visibility = stream.isReceiving ? 'visible' : 'hidden';
        };
        const resized = () => stream.setSize({ width: this.video.videoWidth, height: this.video.videoHeight });
        this.video.addEventListener('resize', resized);
        stream.on('isReceivingChanged', reveal);
        this.disposers.push(
            stream.observeSlot(attach),
            this.observeSize(viewer, () => stream.viewerResized()),
            () => stream.off('isReceivingChanged', reveal),
            () => stream.removeViewer(viewer),
        );
        stream.addViewer(viewer);
        reveal();
        attach();
    }

    private attach(stream: MediaStream | undefined): void {
        this.video.srcObject = stream ?? null;
        // A play() cut short by the next srcObject rejects; autoplay starts that one.
        if (stream) this.video.play()?.catch(() => {});
    }

    private observeSize(viewer: Viewer, changed: () => void): () => void {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const observer = new ResizeObserver(() => {
            const scale = window.devicePixelRatio || 1;
            const width = Math.round(this.target.clientWidth * scale);
            const height = Math.round(this.target.clientHeight * scale);
            if (width === viewer.size.width && height === viewer.size.height) return;
            const first = viewer.size.width === 0;
            viewer.size = { width, height };
            clearTimeout(timer);
            if (first) changed();
            else timer = setTimeout(changed, resizePause);
        });
        observer.observe(this.target);
        return () => {
            clearTimeout(timer);
            observer.disconnect();
        };
    }
}
