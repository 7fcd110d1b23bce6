import type { LinePurpose, WireLayer } from '../signalling/protocol';
import { Shrinkage, stepFor } from './shrinkage';
import { activeLayers, captureFormat, layerNames, layerSettings, usualCapture, type SendLimits } from './simulcast';

/** What is sent, by purpose. */
export type SendPurpose = Extract<LinePurpose, 'microphone' | 'camera' | 'screen'>;

/** The temporal layers that are asked for where the browser has them for the codec. */
const temporalLayers = 'L1T3';
/** How often parameters that the browser found outdated are made again. */
const mostAttempts = 4;
/** 1080p; few frames, but each of them sharp. */
const screenLimits = { maxBitrate: 2_500_000, maxFramerate: 30 };

/** Part of the time that the encoders may take; above it for so many looks in a row the device is short of processor. */
const mostEncoderLoad = 0.8;
const looksUntilShort = 2;

/** What the browser is to give up when it lacks bits or processor; the last one is not in all browsers yet. */
type Preference = RTCDegradationPreference | 'maintain-framerate-and-resolution';
type Parameters = Omit<RTCRtpSendParameters, 'degradationPreference'> & { degradationPreference?: Preference };
type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string; networkPriority?: RTCPriorityType };

/** What a line is made with; a picture of the usual size is assumed. */
export function initialEncodings(purpose: SendPurpose): Encoding[] | undefined {
    if (purpose === 'microphone') return undefined;
    if (purpose === 'screen') return [{ ...screenLimits, priority: 'high', networkPriority: 'high' }];
    return layerSettings(usualCapture, {}, layerNames.length).map(({ useful: _, ...settings }, index) => ({
        rid: layerNames[index],
        ...settings,
    }));
}

/**
 * One line that is sent: its track, and how the browser is to encode it.
 *
 * A camera goes out in up to three layers (simulcast). The encodings follow the size of the capture, the limits of the
 * app, the layers that anybody watches, and the codec that was negotiated.
 */
export class SendLine {
    private limits: SendLimits = {};
    private readonly watched = new Map<string, boolean>();
    /** The most that those who watch a layer can use of it, bits a second. */
    private readonly usable = new Map<string, number>();
    /** Whether the server takes layers; until it has answered it is thought to. */
    private takesLayers = true;
    private readonly refusedModes = new Set<string>();
    private appliedPreference: Preference | undefined;
    /** Whether the browser takes the order to scale nothing by itself. */
    private canKeepLayers = true;
    private busyLooks = 0;
    private encoding = { seconds: 0, at: 0 };
    /** By how much each layer is made smaller because its own link leaves it few bits. */
    private readonly shrinkages = new Map<string, Shrinkage>();
    private track: MediaStreamTrack | null = null;
    private format = '';
    private applying: Promise<void> | undefined;
    private outdated = false;

    constructor(
        readonly purpose: SendPurpose,
        readonly transceiver: RTCRtpTransceiver,
    ) {}

    /** Sends `track`, or nothing. Needs no negotiation. */
    async send(track: MediaStreamTrack | null): Promise<void> {
        if (this.purpose === 'screen' && track && !track.contentHint) track.contentHint = 'detail';
        this.track = track;
        // Before the first picture goes out, not after it.
        if (track) await this.apply();
        await this.transceiver.sender.replaceTrack(track);
    }

    /** Sets the most that may be sent; members left out stay as they are. */
    async constrain(limits: SendLimits): Promise<void> {
        this.limits = { ...this.limits, ...limits };
        await this.apply();
    }

    /** Takes over which layers anybody watches, and how much of them; layers that are not named stay as they are. */
    async watch(layers: readonly WireLayer[]): Promise<void> {
        for (const { rid, active, maxBitrate } of layers) {
            this.watched.set(rid ?? '', active);
            this.usable.set(rid ?? '', maxBitrate ?? Infinity);
        }
        await this.apply();
    }

    /** An answer has been applied; `takesLayers` tells whether it takes layers of this line. */
    async answered(takesLayers: boolean): Promise<void> {
        this.takesLayers = takesLayers;
        await this.apply();
    }

    /** Looks whether the source delivers another size than before. */
    async checkCapture(): Promise<void> {
        if (this.track && JSON.stringify(captureFormat(this.track)) !== this.format) await this.apply();
    }

    /**
     * Looks what the layers get: those that their link leaves few bits are made smaller, rather than slower, and a device
     * that is too slow for them leaves it to its browser.
     */
    async checkLoad(): Promise<void> {
        if (this.isShortOfProcessor || !this.track) return;
        let seconds = 0;
        let isNews = false;
        for (const entry of (await this.transceiver.sender.getStats()).values()) {
            if (entry.type !== 'outbound-rtp') continue;
            seconds += entry.totalEncodeTime ?? 0;
            if (entry.rid !== undefined && entry.targetBitrate > 0) {
                const shrinkage = this.shrinkages.get(entry.rid);
                if (shrinkage?.take(entry.targetBitrate)) isNews = true;
            }
        }
        if (isNews) await this.apply();
        const at = Date.now() / 1000;
        const { seconds: before, at: lastAt } = this.encoding;
        this.encoding = { seconds, at };
        if (lastAt === 0 || seconds < before || at <= lastAt) return;
        this.busyLooks = (seconds - before) / (at - lastAt) > mostEncoderLoad ? this.busyLooks + 1 : 0;
        if (this.isShortOfProcessor) await this.apply();
    }

    private shrinkageOf(rid: string, usualBitrate: number): Shrinkage {
        const present = this.shrinkages.get(rid);
        if (present?.usualBitrate === usualBitrate) return present;
        const made = new Shrinkage(usualBitrate);
        this.shrinkages.set(rid, made);
        return made;
    }

    private get isShortOfProcessor(): boolean {
        return this.busyLooks >= looksUntilShort;
    }

    /** Brings the encodings in line with what is wanted; one at a time, as the browser demands. */
    private apply(): Promise<void> {
        this.outdated = true;
        this.applying ??= this.applyAll().finally(() => {
            this.applying = undefined;
        });
        return this.applying;
    }

    private async applyAll(): Promise<void> {
        if (this.purpose === 'microphone') return;
        for (let attempt = 0; this.outdated && attempt < mostAttempts; ) {
            this.outdated = false;
            const { sender } = this.transceiver;
            const parameters: Parameters = sender.getParameters();
            const before = JSON.stringify(parameters.encodings);
            const mode = this.prepare(parameters);
            const preference = parameters.degradationPreference;
            // Setting what is set already could cost a key frame.
            if (JSON.stringify(parameters.encodings) === before && preference === this.appliedPreference) continue;
            try {
                await sender.setParameters(parameters as RTCRtpSendParameters);
                this.appliedPreference = preference;
            } catch (error) {
                attempt += 1;
                const { name } = error as { name?: string };
                if (name === 'InvalidStateError') this.outdated = true;
                else if (name === 'TypeError' && preference === 'maintain-framerate-and-resolution') {
                    this.canKeepLayers = false;
                    this.outdated = true;
                } else if (mode !== undefined && !this.refusedModes.has(mode)) {
                    this.refusedModes.add(mode);
                    this.outdated = true;
                }
                // Otherwise it was only advice: a browser that does not know a member sends with its own ideas.
            }
        }
    }

    /** Writes what is wanted into `parameters`; returns the codec for which temporal layers are asked for, if any. */
    private prepare(parameters: Parameters): string | undefined {
        const encodings: Encoding[] = parameters.encodings ?? [];
        if (this.purpose === 'screen') {
            // A moving picture may lose sharpness rather than frames, a text may not.
            const moving = this.track?.contentHint === 'motion';
            parameters.degradationPreference = moving ? 'balanced' : 'maintain-resolution';
            const watched = encodings.map(encoding => this.watched.get(encoding.rid ?? '') ?? true);
            encodings.forEach((encoding, index) => {
                Object.assign(encoding, { ...screenLimits, ...numbers(this.limits), active: watched[index] });
            });
            return undefined;
        }
        // The server chooses among the layers. A browser that is short of bits for one of them would shrink all of them.
        const keepsLayers = this.takesLayers && encodings.length > 1 && this.canKeepLayers && !this.isShortOfProcessor;
        parameters.degradationPreference = keepsLayers ? 'maintain-framerate-and-resolution' : 'balanced';
        const capture = this.track ? captureFormat(this.track) : usualCapture;
        this.format = JSON.stringify(capture);
        const count = this.takesLayers ? encodings.length : Math.min(1, encodings.length);
        const settings = layerSettings(capture, this.limits, count);
        const names = encodings.slice(0, count).map(encoding => encoding.rid ?? '');
        // A line without layers is watched if any of its layers is.
        const any = this.watched.size === 0 || [...this.watched.values()].includes(true);
        const watched = count === 1 ? [any] : names.map(name => this.watched.get(name) ?? true);
        const active = activeLayers(settings.map(it => it.useful), watched);
        const codec = parameters.codecs?.[0]?.mimeType;
        const mode = codec !== undefined && !this.refusedModes.has(codec) ? temporalLayers : undefined;
        encodings.forEach((encoding, index) => {
            const values = settings[index];
            if (!values) {
                encoding.active = false;
                return;
            }
            const { maxBitrate, maxFramerate, scaleResolutionDownBy } = values;
            Object.assign(encoding, { maxBitrate, maxFramerate, scaleResolutionDownBy, active: active[index] ?? false });
            const usable = this.usable.get(encoding.rid ?? '') ?? Infinity;
            if (count < 2) return;
            const shrinkage = this.shrinkageOf(encoding.rid ?? '', maxBitrate);
            encoding.maxBitrate = Math.min(maxBitrate, usable);
            encoding.scaleResolutionDownBy = scaleResolutionDownBy * Math.max(stepFor(maxBitrate / usable), shrinkage.step);
            if (mode) encoding.scalabilityMode = mode;
            else if (encoding.scalabilityMode === temporalLayers) delete encoding.scalabilityMode;
        });
        return mode && codec;
    }
}

function numbers({ maxBitrate, maxFramerate }: SendLimits): SendLimits {
    return { ...(maxBitrate && { maxBitrate }), ...(maxFramerate && { maxFramerate }) };
}
