import { callingError } from '../errors';
import { EventSource, type CollectionUpdate } from '../events';
import { captureCamera, captureMicrophone, mediaDevices, stopTracks } from './capture';
import { audioDevice, videoDevice, type AudioDeviceInfo, type VideoDeviceInfo } from './device-info';

/** Which permissions to ask for, and in the answer which were given. */
export interface DeviceAccess {
    audio: boolean;
    video: boolean;
}

export interface DeviceManagerEvents {
    /** Cameras were plugged in or out. */
    videoDevicesUpdated: CollectionUpdate<VideoDeviceInfo>;
    /** Microphones or loudspeakers were plugged in or out. */
    audioDevicesUpdated: CollectionUpdate<AudioDeviceInfo>;
    selectedMicrophoneChanged: void;
    selectedSpeakerChanged: void;
}

/**
 * Cameras, microphones and loudspeakers of this device, and which microphone and loudspeaker calls use.
 *
 * Browsers name devices only after a permission was given, so ask with {@link askDevicePermission} before listing.
 */
export class DeviceManager extends EventSource<DeviceManagerEvents> {
    private cameras: VideoDeviceInfo[] = [];
    private microphones: AudioDeviceInfo[] = [];
    private speakers: AudioDeviceInfo[] = [];
    private microphone: AudioDeviceInfo | undefined;
    private speaker: AudioDeviceInfo | undefined;
    private chosen = false;
    private named = false;

    /** @internal */
    constructor() {
        super();
        try {
            mediaDevices().addEventListener('devicechange', () => void this.refresh());
        } catch {
            // An insecure page: listing and permissions will say so.
        }
    }

    /** The microphone that calls use; undefined until devices were listed or a permission was given. */
    get selectedMicrophone(): AudioDeviceInfo | undefined {
        return this.microphone;
    }

    /** @internal The microphone that the person chose, as opposed to the browser's own choice. */
    get chosenMicrophone(): AudioDeviceInfo | undefined {
        return this.chosen ? this.microphone : undefined;
    }

    /** @internal Whether there is a microphone; undefined before the browser names devices. */
    get hasMicrophone(): boolean | undefined {
        return this.named ? this.microphones.length > 0 : undefined;
    }

    /** @internal Whether there is a loudspeaker to choose; undefined where or while browsers do not list them. */
    get hasSpeaker(): boolean | undefined {
        // Firefox lists only those that the person chose in its own dialog.
        const lists = this.isSpeakerSelectionAvailable && !('selectAudioOutput' in mediaDevices());
        return lists && this.named ? this.speakers.length > 0 : undefined;
    }

    /** The loudspeaker that calls use. */
    get selectedSpeaker(): AudioDeviceInfo | undefined {
        return this.speaker;
    }

    /** Whether this browser can play to another loudspeaker than the system's. */
    get isSpeakerSelectionAvailable(): boolean {
        return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
    }

    async getCameras(): Promise<VideoDeviceInfo[]> {
        await this.refresh();
        return [...this.cameras];
    }

    async getMicrophones(): Promise<AudioDeviceInfo[]> {
        await this.refresh();
        return [...this.microphones];
    }

    async getSpeakers(): Promise<AudioDeviceInfo[]> {
        await this.refresh();
        return [...this.speakers];
    }

    /** Uses another microphone, at once also in calls that are under way. */
    async selectMicrophone(device: AudioDeviceInfo): Promise<void> {
        if (device.id === this.microphone?.id && this.chosen) return;
        this.microphone = device;
        this.chosen = true;
        this.emit('selectedMicrophoneChanged');
    }

    /** Plays calls through another loudspeaker. */
    async selectSpeaker(device: AudioDeviceInfo): Promise<void> {
        if (!this.isSpeakerSelectionAvailable) throw callingError('speakerSelectionUnavailable');
        if (device.id === this.speaker?.id) return;
        this.speaker = device;
        this.emit('selectedSpeakerChanged');
    }

    /** Makes the browser ask for permissions; tells which were given. Never rejects because of a refusal. */
    async askDevicePermission(access: DeviceAccess): Promise<DeviceAccess> {
        mediaDevices();
        const tryOne = async (wanted: boolean, capture: () => Promise<MediaStream>): Promise<boolean> => {
            if (!wanted) return false;
            try {
                stopTracks(await capture());
                return true;
            } catch {
                return false;
            }
        };
        const audio = await tryOne(access.audio, captureMicrophone);
        const video = await tryOne(access.video, captureCamera);
        await this.refresh();
        return { audio, video };
    }

    /** @internal Lists the devices anew and tells what changed. */
    async refresh(): Promise<void> {
        // Without a permission browsers give one nameless device of each kind, which nobody can choose.
        const all = (await mediaDevices().enumerateDevices()).filter(device => device.deviceId !== '');
        const cameras = all.filter(device => device.kind === 'videoinput').map(videoDevice);
        const microphones = all.filter(device => device.kind === 'audioinput').map(audioDevice);
        const speakers = all.filter(device => device.kind === 'audiooutput').map(audioDevice);
        this.named ||= all.some(device => device.label !== '');
        const video = difference(this.cameras, cameras);
        const audio = difference([...this.microphones, ...this.speakers], [...microphones, ...speakers]);
        this.cameras = cameras;
        this.microphones = microphones;
        this.speakers = speakers;
        if (video) this.emit('videoDevicesUpdated', video);
        if (audio) this.emit('audioDevicesUpdated', audio);
        const microphone = stillThere(this.microphone, microphones);
        if (microphone?.id !== this.microphone?.id) {
            this.microphone = microphone;
            this.chosen = false;
            this.emit('selectedMicrophoneChanged');
        }
        const speaker = stillThere(this.speaker, speakers);
        if (speaker?.id !== this.speaker?.id) {
            this.speaker = speaker;
            this.emit('selectedSpeakerChanged');
        }
    }
}

function stillThere(selected: AudioDeviceInfo | undefined, list: AudioDeviceInfo[]): AudioDeviceInfo | undefined {
    const same = list.find(device => device.id === selected?.id);
    return same ?? list.find(device => device.isSystemDefault) ?? list[0];
}

function difference<Item extends { id: string; name: string }>(
    before: Item[],
    after: Item[],
): CollectionUpdate<Item> | undefined {
    const isIn = (list: Item[]) => (item: Item) => list.some(other => other.id === item.id && other.name === item.name);
    const added = after.filter(item => !isIn(before)(item));
    const removed = before.filter(item => !isIn(after)(item));
    return added.length + removed.length > 0 ? { added, removed } : undefined;
}
