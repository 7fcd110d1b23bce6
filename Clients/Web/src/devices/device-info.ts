export type VideoDeviceType = 'UsbCamera' | 'CaptureAdapter' | 'Virtual' | 'ScreenSharing' | 'Unknown';
export type AudioDeviceType = 'Microphone' | 'Speaker' | 'CompositeAudioDevice' | 'Virtual';

/** A camera, or what is shared. */
export interface VideoDeviceInfo {
    /** `camera:` and the browser's id of the device, or `screen:` and that of its track. */
    readonly id: string;
    readonly name: string;
    readonly deviceType: VideoDeviceType;
}

/** A microphone or a loudspeaker. */
export interface AudioDeviceInfo {
    /** `microphone:` or `speaker:` and the browser's id of the device. */
    readonly id: string;
    readonly name: string;
    readonly isSystemDefault: boolean;
    readonly deviceType: AudioDeviceType;
}

/** @internal */
export type DeviceKind = 'camera' | 'microphone' | 'speaker';

/** @internal The browser's id in an id of ours. */
export function browserDeviceId(id: string): string {
    return id.slice(id.indexOf(':') + 1);
}

/** @internal */
export function videoDevice(device: MediaDeviceInfo): VideoDeviceInfo {
    const virtual = /virtual|obs|snap camera|manycam/i.test(device.label);
    const adapter = /capture|cam link/i.test(device.label);
    return {
        id: `camera:${device.deviceId}`,
        name: device.label,
        deviceType: virtual ? 'Virtual' : adapter ? 'CaptureAdapter' : device.label ? 'UsbCamera' : 'Unknown',
    };
}

/** @internal What the person chose to share. */
export function screenDevice(track: MediaStreamTrack | undefined): VideoDeviceInfo {
    return { id: `screen:${track?.id ?? ''}`, name: track?.label ?? '', deviceType: 'ScreenSharing' };
}

/** @internal */
export function audioDevice(device: MediaDeviceInfo): AudioDeviceInfo {
    const microphone = device.kind === 'audioinput';
    return {
        id: `${microphone ? 'microphone' : 'speaker'}:${device.deviceId}`,
        name: device.label,
        isSystemDefault: device.deviceId === 'default',
        deviceType: microphone ? 'Microphone' : 'Speaker',
    };
}
