import { resultCategory, type CallEndResultCategory } from './result-category';

/** Plain data of a {@link CallingError}. */
export interface CallingErrorInfo {
    code: number;
    subCode: number;
    reason: string;
    message: string;
    target?: string;
}

/**
 * The error that every promise of the library rejects with.
 *
 * Compare `reason` (a stable word) or `code` and `subCode`; `message` is a sentence for a person.
 */
export class CallingError extends Error {
    /** Reads like an HTTP status: 4xx is about the request or this device, 5xx about the server. */
    readonly code: number;
    /** Tells errors of one code apart; 0 when there is nothing to tell apart. */
    readonly subCode: number;
    /** A stable word, such as `cameraPermissionDenied`. */
    readonly reason: string;
    /** The id the error concerns: of a call, a participant, a device or a message member. */
    readonly target: string | undefined;
    /** Whether it was to be expected, or who has something to repair. */
    readonly resultCategories: readonly CallEndResultCategory[];

    constructor(info: CallingErrorInfo) {
        super(info.message);
        this.name = 'CallingError';
        this.code = info.code;
        this.subCode = info.subCode;
        this.reason = info.reason;
        this.target = info.target;
        this.resultCategories = [resultCategory(info.code, info.subCode)];
    }
}

type Kind = [code: number, subCode: number, reason: string, message: string];

/** The errors that the library itself finds, before or without the server. */
const kinds = {
    invalidArgument: [400, 0, 'invalidArgument', 'An argument has the wrong form.'],
    invalidIdentifier: [400, 0, 'invalidIdentifier', 'This kind of identifier cannot be called from here.'],
    invalidGroupId: [400, 0, 'invalidGroupId', 'A group id must be a GUID, such as 2f6a8c1e-….'],
    acceptNotRinging: [400, 41006, 'acceptNotRinging', 'The incoming call no longer rings, so it cannot be accepted.'],
    rejectNotRinging: [400, 41007, 'rejectNotRinging', 'The incoming call no longer rings, so it cannot be rejected.'],
    videoAlreadyOn: [400, 41027, 'videoAlreadyOn', 'The camera is already on in this call.'],
    shareAlreadyOn: [400, 41035, 'shareAlreadyOn', 'The screen is already shared in this call.'],
    shareBeforeConnected: [412, 41071, 'shareBeforeConnected', 'The screen can be shared once the call is connected.'],
    invalidVideoStream: [400, 41025, 'invalidVideoStream', 'A camera is started with a LocalVideoStream.'],
    videoAlreadyOff: [400, 41030, 'videoAlreadyOff', 'No camera is being sent in the call.'],
    videoNotOn: [400, 41032, 'videoNotOn', 'This stream is not being sent in the call.'],
    shareAlreadyOff: [400, 41041, 'shareAlreadyOff', 'No screen is being shared in the call.'],
    invalidVideoDevice: [400, 43004, 'invalidVideoDevice', 'A picture comes from a VideoDeviceInfo or a MediaStream.'],
    sameVideoDevice: [400, 43005, 'sameVideoDevice', 'This camera is in use already.'],
    rendererDisposed: [405, 43209, 'rendererDisposed', 'The renderer has been disposed.'],
    rendererAlreadyDisposed: [400, 43210, 'rendererAlreadyDisposed', 'The renderer has been disposed already.'],
    answeredElsewhere: [487, 10003, 'answeredElsewhere', 'The call was answered on another device.'],
    callEnded: [410, 0, 'callEnded', 'The call is over.'],
    callNotConnected: [412, 0, 'callNotConnected', 'The call is not connected yet.'],
    agentExists: [409, 40228, 'agentExists', 'There is already a call agent for this user in this page.'],
    agentDisposed: [412, 0, 'agentDisposed', 'The call agent has been disposed.'],
    disposed: [412, 0, 'disposed', 'This object has been disposed.'],
    cameraPermissionDenied: [403, 43001, 'cameraPermissionDenied', 'The use of the camera was not allowed.'],
    cameraBusy: [412, 43000, 'cameraBusy', 'The camera could not be started; another program may be using it.'],
    noCamera: [412, 43013, 'noCamera', 'No camera was found.'],
    microphonePermissionDenied: [403, 0, 'microphonePermissionDenied', 'The use of the microphone was not allowed.'],
    microphoneBusy: [412, 0, 'microphoneBusy', 'The microphone could not be started; another program may be using it.'],
    noMicrophone: [412, 0, 'noMicrophone', 'No microphone was found.'],
    screenPermissionDenied: [403, 0, 'screenPermissionDenied', 'No screen was chosen, or sharing was not allowed.'],
    screenPermissionDeniedBySystem: [
        403,
        0,
        'screenPermissionDeniedBySystem',
        'The operating system does not let the browser see the screen.',
    ],
    screenFailed: [412, 0, 'screenFailed', 'The screen could not be captured.'],
    deviceStopped: [412, 0, 'deviceStopped', 'The device stopped working or was unplugged.'],
    speakerSelectionUnavailable: [405, 40606, 'speakerSelectionUnavailable', 'This browser cannot choose a loudspeaker.'],
    insecureContext: [
        412,
        0,
        'insecureContext',
        'Browsers give cameras and microphones only to pages served by HTTPS or from localhost.',
    ],
    webRtcMissing: [412, 0, 'webRtcMissing', 'This browser has no WebRTC.'],
    featureNotSupported: [400, 0, 'featureNotSupported', 'This feature is not supported.'],
    featureNotOffered: [405, 0, 'featureNotOffered', 'This is not offered by the server.'],
    serverUnreachable: [408, 40114, 'serverUnreachable', 'The calling server cannot be reached.'],
    connectionLost: [490, 4502, 'connectionLost', 'The connection to the calling server was lost.'],
    noToken: [495, 4507, 'noToken', 'No valid access token was supplied.'],
    unauthorized: [401, 10009, 'unauthorized', 'The access token is invalid, expired or revoked.'],
    refused: [400, 0, 'refused', 'The server did not accept this client.'],
    resumedElsewhere: [490, 4502, 'resumedElsewhere', 'The session was taken over by another connection.'],
    dataChannelInUse: [409, 0, 'dataChannelInUse', 'There is already a sender for this channel in this call.'],
    dataChannelsUnavailable: [412, 0, 'dataChannelsUnavailable', 'The server takes no data in this call.'],
    dataQueueFull: [429, 0, 'dataQueueFull', 'Too many messages wait to be sent; wait until some have been.'],
    messageNotDelivered: [409, 0, 'messageNotDelivered', 'The message does not reach everybody.'],
    messageTooLarge: [413, 0, 'messageTooLarge', 'A message has at most 32,768 bytes.'],
    mediaNegotiationFailed: [410, 3100, 'mediaNegotiationFailed', 'Audio and video could not be negotiated.'],
} as const;

/** @internal */
export type ErrorReason = keyof typeof kinds;

/** @internal Makes the error `reason`, optionally with another sentence and the id it concerns. */
export function callingError(reason: ErrorReason, message?: string, target?: string): CallingError {
    const [code, subCode, word, sentence] = kinds[reason] as unknown as Kind;
    return new CallingError({ code, subCode, reason: word, message: message ?? sentence, target });
}

/** @internal Makes a CallingError of anything that was thrown. */
export function asCallingError(thrown: unknown, fallback: ErrorReason): CallingError {
    if (thrown instanceof CallingError) return thrown;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const error = callingError(fallback);
    return new CallingError({ ...info(error), message: detail ? `${error.message} (${detail})` : error.message });
}

function info(error: CallingError): CallingErrorInfo {
    const { code, subCode, reason, message, target } = error;
    return { code, subCode, reason, message, target };
}

/** @internal Says what a failed getUserMedia or getDisplayMedia means. */
export function captureError(thrown: unknown, source: 'camera' | 'microphone' | 'screen'): CallingError {
    if (thrown instanceof CallingError) return thrown;
    const name = (thrown as { name?: string } | undefined)?.name;
    const denied = name === 'NotAllowedError' || name === 'SecurityError' || name === 'PermissionDeniedError';
    const missing =
        name === 'NotFoundError' || name === 'DevicesNotFoundError' || name === 'OverconstrainedError';
    switch (source) {
        case 'camera':
            return callingError(denied ? 'cameraPermissionDenied' : missing ? 'noCamera' : 'cameraBusy');
        case 'microphone':
            return callingError(denied ? 'microphonePermissionDenied' : missing ? 'noMicrophone' : 'microphoneBusy');
        case 'screen':
            // Chromium on macOS says so where the system settings forbid it.
            if (denied && /system/i.test(String((thrown as Error).message))) {
                return callingError('screenPermissionDeniedBySystem');
            }
            return callingError(denied || name === 'AbortError' ? 'screenPermissionDenied' : 'screenFailed');
    }
}
