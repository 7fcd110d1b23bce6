import type { ScalingMode } from './renderer';
import type { StreamSize, Viewer } from './streams/remote-video-stream';

/** A changed size is told only after the layout has been quiet for this long, milliseconds. */
const quietPause = 200;
/** A view out of sight for this long is not served, milliseconds: scrolling past is no reason to stop. */
const hiddenPause = 1_000;
/** Changes of less than this part are not worth another picture. */
const noticeable = 0.1;
/** What is asked for while the page is hidden: just enough to have a picture at once when it comes back, in pixels. */
const hiddenPageHeight = 90;

/**
 * Tells at what size a picture is needed in a place of the page, in device pixels.
 *
 * That is the size of the place, or the part or more of it that the picture takes in its own shape. Nothing is needed of
 * a place that cannot be seen because it is scrolled away or has no layout, and little while the whole page is hidden.
 */
export class ViewMeter implements Viewer {
    /** See `Viewer`. */
    size: StreamSize | undefined = { width: 0, height: 0 };
    private visible = true;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private hiding: ReturnType<typeof setTimeout> | undefined;
    private readonly disposers: (() => void)[] = [];

    constructor(
        private readonly place: HTMLElement,
        private readonly video: HTMLVideoElement,
        private readonly mode: () => ScalingMode,
        private readonly changed: () => void,
    ) {
        const resizes = new ResizeObserver(() => this.measure());
        resizes.observe(place);
        this.disposers.push(() => resizes.disconnect());
        if (typeof IntersectionObserver === 'function') {
            const sights = new IntersectionObserver(entries => this.seen(entries[entries.length - 1].isIntersecting));
            sights.observe(place);
            this.disposers.push(() => sights.disconnect());
        }
        const listen = (target: EventTarget, event: string) => {
            const listener = () => this.measure();
            target.addEventListener(event, listener);
            this.disposers.push(() => target.removeEventListener(event, listener));
        };
        listen(document, 'visibilitychange');
        // Zoomed, or moved to a screen with other pixels.
        listen(window, 'resize');
        listen(video, 'enterpictureinpicture');
        listen(video, 'leavepictureinpicture');
    }

    /** Looks at the size; a change is told when it is worth it and has lasted for a moment. */
    measure(): void {
        const next = this.needed();
        if (!this.differs(next)) {
            clearTimeout(this.timer);
            return;
        }
        // Into sight and out of it: that has lasted long enough already.
        const urgent = !next || !this.size || this.size.width === 0;
        clearTimeout(this.timer);
        if (urgent) this.tell(next);
        else this.timer = setTimeout(() => this.tell(this.needed()), quietPause);
    }

    dispose(): void {
        clearTimeout(this.timer);
        clearTimeout(this.hiding);
        for (const dispose of this.disposers) dispose();
    }

    private tell(size: StreamSize | undefined): void {
        this.size = size;
        this.changed();
    }

    private seen(visible: boolean): void {
        clearTimeout(this.hiding);
        if (visible) {
            this.visible = true;
            this.measure();
            return;
        }
        this.hiding = setTimeout(() => {
            // An app may draw the picture elsewhere, from an element that is in no page.
            this.visible = !this.place.isConnected;
            this.measure();
        }, hiddenPause);
    }

    private needed(): StreamSize | undefined {
        const floating = (document as { pictureInPictureElement?: Element | null }).pictureInPictureElement;
        const isFloating = floating !== undefined && floating === this.video;
        if (!this.visible && !isFloating) return undefined;
        const scale = window.devicePixelRatio || 1;
        const width = this.place.clientWidth * scale;
        const height = this.place.clientHeight * scale;
        // Not laid out yet.
        if (width === 0 || height === 0) return this.size;
        if (document.visibilityState === 'hidden' && !isFloating) {
            const shrink = Math.min(1, hiddenPageHeight / height);
            return { width: Math.round(width * shrink), height: Math.round(height * shrink) };
        }
        const { videoWidth, videoHeight } = this.video;
        const mode = this.mode();
        if (!videoWidth || !videoHeight || mode === 'Stretch') {
            return { width: Math.round(width), height: Math.round(height) };
        }
        const factors = [width / videoWidth, height / videoHeight];
        const factor = mode === 'Crop' ? Math.max(...factors) : Math.min(...factors);
        return { width: Math.round(videoWidth * factor), height: Math.round(videoHeight * factor) };
    }

    private differs(next: StreamSize | undefined): boolean {
        if (!next || !this.size) return next !== this.size;
        const far = (before: number, after: number) => Math.abs(after - before) >= noticeable * before;
        if (next.width === this.size.width && next.height === this.size.height) return false;
        return far(this.size.width, next.width) || far(this.size.height, next.height);
    }
}
