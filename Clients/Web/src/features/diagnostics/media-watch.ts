import type { MediaStatsReportSample } from '../../stats/media-stats-report';
import type { CallFeatureContext } from '../call-feature-context';
import type { DiagnosticList } from './diagnostic-list';
import type { MediaDiagnosticType } from './diagnostic-types';
import { SpeechWatch } from './speech-watch';

/** How long a camera may take to start until the person is told, milliseconds. */
const startPatience = 10_000;
/** So many measurements without a new picture make a frozen camera. */
const frozenSamples = 2;

/** What an error of a source means, by its reason. */
const flagOf: Record<string, MediaDiagnosticType> = {
    cameraBusy: 'cameraStartFailed',
    noCamera: 'cameraStartFailed',
    cameraPermissionDenied: 'cameraPermissionDenied',
    microphoneBusy: 'microphoneNotFunctioning',
    noMicrophone: 'microphoneNotFunctioning',
    microphonePermissionDenied: 'microphonePermissionDenied',
    screenFailed: 'capturerStartFailed',
    screenPermissionDeniedBySystem: 'screenshareRecordingDisabled',
};

/** What a source that runs again puts an end to. */
const overWhenRunning: Record<'microphone' | 'camera' | 'screen', MediaDiagnosticType[]> = {
    microphone: ['microphoneNotFunctioning', 'microphonePermissionDenied'],
    camera: ['cameraStartFailed', 'cameraStartTimedOut', 'cameraPermissionDenied', 'cameraStoppedUnexpectedly'],
    screen: ['capturerStartFailed', 'capturerStoppedUnexpectedly', 'screenshareRecordingDisabled'],
};

/** Watches devices, sources and what they deliver. */
export class MediaWatch {
    private readonly stops: (() => void)[] = [];
    private readonly speech: SpeechWatch;
    private starting: ReturnType<typeof setTimeout> | undefined;
    private stillSamples = 0;
    private forgetTrack: () => void = () => {};

    constructor(
        private readonly context: CallFeatureContext,
        private readonly list: DiagnosticList<MediaDiagnosticType>,
    ) {
        const { local } = context.media;
        const { microphone } = local;
        this.speech = new SpeechWatch(context, speaking => list.flag('speakingWhileMicrophoneIsMuted', speaking));
        const follow = <Args extends unknown[]>(
            source: { on(event: never, listener: (...args: Args) => void): void; off: typeof source.on },
            event: string,
            listener: (...args: Args) => void,
        ) => {
            source.on(event as never, listener);
            this.stops.push(() => source.off(event as never, listener));
        };
        follow(local, 'capturing', (source: 'microphone' | 'camera' | 'screen') => this.capturing(source));
        follow(local, 'captured', (source: 'microphone' | 'camera' | 'screen') => this.captured(source));
        follow(local, 'captureFailed', ({ source, reason }: { source: string; reason: string }) => {
            if (source === 'camera') clearTimeout(this.starting);
            const flag = flagOf[reason];
            if (flag) list.flag(flag, true);
        });
        follow(local, 'stopped', (picture: 'camera' | 'screen') => {
            list.flag(picture === 'camera' ? 'cameraStoppedUnexpectedly' : 'capturerStoppedUnexpectedly', true);
        });
        follow(microphone, 'trackChanged', () => this.watchTrack());
        follow(context.devices, 'audioDevicesUpdated', () => this.devicesChanged());
        this.watchTrack();
        this.devicesChanged();
        // What went wrong before anybody asked.
        for (const error of Object.values(local.errors)) {
            const flag = error && flagOf[error.reason];
            if (flag) list.flag(flag, true);
        }
    }

    /** Takes in what was measured. */
    take({ video }: MediaStatsReportSample): void {
        const { local, isOnHold } = this.context.media;
        const track = local.stream('camera')?.current?.getVideoTracks()[0];
        const rates = video.send.map(it => it.frameRateInput).filter(it => it !== undefined);
        const isStill = !isOnHold && track?.readyState === 'live' && rates.length > 0 && rates.every(it => it === 0);
        this.stillSamples = isStill ? this.stillSamples + 1 : 0;
        this.list.flag('cameraFreeze', this.stillSamples >= frozenSamples || (isStill && track?.muted === true));
    }

    stop(): void {
        clearTimeout(this.starting);
        this.speech.stop();
        this.forgetTrack();
        for (const stop of this.stops.splice(0)) stop();
    }

    private capturing(source: 'microphone' | 'camera' | 'screen'): void {
        if (source !== 'camera') return;
        clearTimeout(this.starting);
        this.starting = setTimeout(() => this.list.flag('cameraStartTimedOut', true), startPatience);
    }

    private captured(source: 'microphone' | 'camera' | 'screen'): void {
        if (source === 'camera') clearTimeout(this.starting);
        for (const diagnostic of overWhenRunning[source]) this.list.flag(diagnostic, false);
    }

    /** The system, or a switch on the headset, can silence a microphone behind the browser's back. */
    private watchTrack(): void {
        this.forgetTrack();
        const track = this.context.media.local.microphone.current?.getAudioTracks()[0];
        if (!track) return;
        const changed = () => this.list.flag('microphoneMuteUnexpectedly', track.muted === true);
        const ended = () => this.list.flag('microphoneNotFunctioning', true);
        track.addEventListener('mute', changed);
        track.addEventListener('unmute', changed);
        track.addEventListener('ended', ended);
        this.forgetTrack = () => {
            track.removeEventListener('mute', changed);
            track.removeEventListener('unmute', changed);
            track.removeEventListener('ended', ended);
        };
        changed();
    }

    private devicesChanged(): void {
        const { hasMicrophone, hasSpeaker } = this.context.devices;
        // Undefined is not known, since browsers do not tell before a permission was given.
        if (hasMicrophone !== undefined) this.list.flag('noMicrophoneDevicesEnumerated', !hasMicrophone);
        if (hasSpeaker !== undefined) this.list.flag('noSpeakerDevicesEnumerated', !hasSpeaker);
    }
}
