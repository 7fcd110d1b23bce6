import type { DeviceManager, VideoDeviceInfo } from '/sdk/switchboard-calling.js';
import { byId, make, show } from './dom';
import { describeError } from './messages';

/** The dialog in which camera, microphone and loudspeaker are chosen. */
export class DeviceDialog {
    private readonly dialog = byId<HTMLDialogElement>('devices');
    private readonly cameraList = byId<HTMLSelectElement>('camera');
    private readonly microphoneList = byId<HTMLSelectElement>('microphone');
    private readonly speakerList = byId<HTMLSelectElement>('speaker');
    private cameras: VideoDeviceInfo[] = [];
    private chosen: VideoDeviceInfo | undefined;

    /** `cameraChosen` is called when the person takes another camera. */
    constructor(
        private readonly devices: DeviceManager,
        private readonly cameraChosen: (camera: VideoDeviceInfo) => void,
    ) {
        byId('close-devices').addEventListener('click', () => this.dialog.close());
        this.cameraList.addEventListener('change', () => {
            this.chosen = this.cameras.find(camera => camera.id === this.cameraList.value);
            if (this.chosen) this.cameraChosen(this.chosen);
        });
        this.microphoneList.addEventListener('change', () => void this.select('microphone'));
        this.speakerList.addEventListener('change', () => void this.select('speaker'));
        const refresh = () => void this.fill();
        devices.on('videoDevicesUpdated', refresh);
        devices.on('audioDevicesUpdated', refresh);
        devices.on('selectedMicrophoneChanged', refresh);
        devices.on('selectedSpeakerChanged', refresh);
    }

    /** The camera to use: the chosen one while it is there, otherwise the first. */
    async camera(): Promise<VideoDeviceInfo | undefined> {
        const cameras = await this.devices.getCameras();
        return cameras.find(camera => camera.id === this.chosen?.id) ?? cameras[0];
    }

    async open(): Promise<void> {
        if (this.dialog.open) return;
        this.dialog.showModal();
        show(byId('devices-error'), false);
        try {
            if ((await this.devices.getMicrophones()).length === 0 || (await this.devices.getCameras()).length === 0) {
                const access = await this.devices.askDevicePermission({ audio: true, video: true });
                if (!access.audio && !access.video) {
                    throw new Error('The browser was not allowed to use camera and microphone, or there are none.');
                }
            }
            await this.fill();
        } catch (error) {
            byId('devices-error').textContent = describeError(error);
            show(byId('devices-error'), true);
        }
    }

    private async fill(): Promise<void> {
        if (!this.dialog.open) return;
        this.cameras = await this.devices.getCameras();
        fillList(this.cameraList, this.cameras, (await this.camera())?.id, 'No camera');
        const { selectedMicrophone, selectedSpeaker } = this.devices;
        fillList(this.microphoneList, await this.devices.getMicrophones(), selectedMicrophone?.id, 'No microphone');
        const speakers = this.devices.isSpeakerSelectionAvailable ? await this.devices.getSpeakers() : [];
        fillList(this.speakerList, speakers, selectedSpeaker?.id, 'The system’s loudspeaker');
    }

    private async select(kind: 'microphone' | 'speaker'): Promise<void> {
        try {
            if (kind === 'microphone') {
                const device = (await this.devices.getMicrophones()).find(it => it.id === this.microphoneList.value);
                if (device) await this.devices.selectMicrophone(device);
            } else {
                const device = (await this.devices.getSpeakers()).find(it => it.id === this.speakerList.value);
                if (device) await this.devices.selectSpeaker(device);
            }
        } catch (error) {
            byId('devices-error').textContent = describeError(error);
            show(byId('devices-error'), true);
        }
    }
}

function fillList(
    list: HTMLSelectElement,
    devices: readonly { id: string; name: string }[],
    selected: string | undefined,
    none: string,
): void {
    const options = devices.map((device, index) => {
        const option = make('option', '', device.name || `Device ${index + 1}`);
        option.value = device.id;
        option.selected = device.id === selected;
        return option;
    });
    list.disabled = options.length === 0;
    list.replaceChildren(...(options.length > 0 ? options : [make('option', '', none)]));
}
