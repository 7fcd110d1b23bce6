import { callingError, captureError } from '../errors';
import { browserDeviceId } from './device-info';

/** What a camera is asked for. */
const cameraWishes: MediaTrackConstraints = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
};

const microphoneWishes: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
};

/** What a shared screen is asked for: text must stay readable, so size before frame rate. */
const screenWishes: MediaTrackConstraints = {
    width: { max: 1920 },
    height: { max: 1080 },
    frameRate: { ideal: 15, max: 30 },
};

/** @internal The browser's media devices; throws `insecureContext` where the browser hides them. */
export function mediaDevices(): MediaDevices {
    const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
    if (!devices) throw callingError('insecureContext');
    return devices;
}

function exactly(id: string | undefined): MediaTrackConstraints {
    const deviceId = id === undefined ? '' : browserDeviceId(id);
    return deviceId === '' ? {} : { deviceId: { exact: deviceId } };
}

/** @internal Starts a camera; `id` is that of a VideoDeviceInfo, none means the browser's choice. */
export async function captureCamera(id?: string): Promise<MediaStream> {
    try {
        return await mediaDevices().getUserMedia({ video: { ...cameraWishes, ...exactly(id) } });
    } catch (error) {
        throw captureError(error, 'camera');
    }
}

/** @internal Starts a microphone; `id` is that of an AudioDeviceInfo, none means the browser's choice. */
export async function captureMicrophone(id?: string): Promise<MediaStream> {
    try {
        return await mediaDevices().getUserMedia({ audio: { ...microphoneWishes, ...exactly(id) } });
    } catch (error) {
        throw captureError(error, 'microphone');
    }
}

/** @internal Lets the person choose a screen, window or tab. */
export async function captureScreen(): Promise<MediaStream> {
    try {
        return await mediaDevices().getDisplayMedia({ video: screenWishes, audio: false });
    } catch (error) {
        throw captureError(error, 'screen');
    }
}

/** @internal */
export function stopTracks(stream: MediaStream | undefined): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
}
