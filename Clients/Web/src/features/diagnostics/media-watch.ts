import { listen } from '../../events';
import type { SendPurpose } from '../../media/send-line';
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
const overWhenRunning: Record<SendPurpose, MediaDiagnosticType[]> = {
    microphone: ['microphoneNotFunctioning', 'microphonePermissionDenied'],
    camera: ['cameraStartFailed', 'cameraStartTimedOut', 'cameraPermissionDenied', 'cameraStoppedUnexpectedly'],
    screen: ['capturerStartFailed', 'capturerStoppedUnexpectedly', 'screenshareRecordingDisabled'],
};

/** Watches devices, sources and what they deliver. */
export class MediaWatch {
    private readonly stops: (() => void)[];
    private readonly speech: SpeechWatch;
    private starting: ReturnType<typeof setTimeout> | undefined;
    private stillSamples = 0;
    private forgetTrack: () => void = () => {};

    constructor(
        private readonly context: CallFeatureContext,
        private readonly list: DiagnosticList<MediaDiagnosticType>,
    ) {
        const { local } = context.media;
        this.speech = new SpeechWatch(context, speaking => list.flag('speakingWhileMicrophoneIsMuted', speaking));
        this.stops = [
            listen(local, 'capturing', source => this.capturing(source)),
            listen(local, 'captured', source => this.captured(source)),
            listen(local, 'captureFailed', ({ source, reason }) => this.failed(source, reason)),
            listen(local, 'stopped', picture => {
                const stopped = picture === 'camera' ? 'cameraStoppedUnexpectedly' : 'capturerStoppedUnexpectedly';
                list.flag(stopped, true);
            }),
            listen(local.microphone, 'trackChanged', () => this.watchTrack()),
            listen(context.devices, 'audioDevicesUpdated', () => this.devicesChanged()),
        ];
        this.watchTrack();
        this.devicesChanged();
        // What went wrong before anybody asked.
        const { microphone, camera } = local.errors;
        if (microphone) this.failed('microphone', microphone.reason);
        if (camera) this.failed('camera', camera.reason);
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
        for (const stop of this.stops) stop();
    }

    private capturing(source: SendPurpose): void {
        if (source !== 'camera') return;
        clearTimeout(this.starting);
        this.starting = setTimeout(() => this.list.flag('cameraStartTimedOut', true), startPatience);
    }

    private captured(source: SendPurpose): void {
        if (source === 'camera') clearTimeout(this.starting);
        for (const diagnostic of overWhenRunning[source]) this.list.flag(diagnostic, false);
    }

    private failed(source: SendPurpose, reason: string): void {
        if (source === 'camera') clearTimeout(this.starting);
        const diagnostic = flagOf[reason];
        if (diagnostic) this.list.flag(diagnostic, true);
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
