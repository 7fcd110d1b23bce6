import { CallingError, type CallEndReason } from '/sdk/switchboard-calling.js';

/** What each error word means to the person in front of the page, and what they can do. */
const byReason: Record<string, string> = {
    cameraPermissionDenied:
        'The browser was not allowed to use the camera. Allow it with the camera symbol beside the address.',
    microphonePermissionDenied:
        'The browser was not allowed to use the microphone, so nobody hears you. ' +
        'Allow it with the symbol beside the address.',
    noCamera: 'No camera was found. Plug one in, or go on without.',
    noMicrophone: 'No microphone was found, so nobody hears you.',
    cameraBusy: 'The camera could not be started. Is another program using it?',
    microphoneBusy: 'The microphone could not be started. Is another program using it?',
    screenPermissionDenied: 'Nothing is shared: no screen was chosen.',
    screenFailed: 'The screen could not be captured.',
    deviceStopped: 'The device stopped. Was it unplugged?',
    insecureContext: 'Browsers allow calls only on pages opened by https:// or from localhost.',
    webRtcMissing: 'This browser cannot make calls. Use a current Chrome, Edge, Firefox or Safari.',
    shareBeforeConnected: 'You can share your screen as soon as somebody has answered.',
    invalidTarget: 'There is nobody with this user id here. Is it complete?',
    invalidIdentifier: 'This is not a user id. One looks like 8:acs:… and can be copied from the other person’s page.',
    invalidGroupId: 'This is not a group id. One looks like 2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b; “New” makes one.',
    serverUnreachable: 'The server does not answer. Is it running, and are you online?',
    connectionLost: 'The connection to the server was lost.',
    unauthorized: 'Your sign-in is no longer valid. Sign in again.',
    noToken: 'This is not a valid access token. Copy the whole of it.',
    missingScope: 'Your access token does not allow this.',
    callFull: 'The call is full.',
    callNotFound: 'The call is already over.',
    callEnded: 'The call is already over.',
    notAllowed: 'You may not do that in this call.',
    agentExists: 'You are already signed in on this page.',
    acceptNotRinging: 'The call no longer rings.',
};

/** A sentence about an error, for a person. */
export function describeError(error: unknown): string {
    if (error instanceof CallingError) return byReason[error.reason] ?? error.message;
    return error instanceof Error ? error.message : String(error);
}

const ends: Record<string, string> = {
    '0/0': 'The call ended.',
    '0/4097': 'The call was ended for everybody.',
    '0/4521': 'The other person closed the page.',
    '0/5000': 'Somebody removed you from the call.',
    '0/5300': 'Somebody removed you from the call.',
    '0/5003': 'The call is over.',
    '487/0': 'The call was cancelled.',
    '487/10003': 'You answered on another device.',
    '487/10004': 'Nobody answered.',
    '487/10024': 'Everybody declined.',
    '603/0': 'The other person declined.',
    '486/0': 'The other person is busy in another call.',
    '480/10037': 'The other person is not signed in anywhere, so nothing rang.',
    '480/10076': 'The other person cannot be reached just now.',
    '408/10057': 'The other person’s connection broke while the call was set up.',
    '401/10009': 'Your sign-in is no longer valid. Sign in again.',
    '490/4502': 'The connection was lost for too long, so the call ended.',
    '410/3100': 'Audio and video could not be set up with the server.',
    '410/301004': 'No path was found for audio and video. A firewall may block UDP.',
    '410/301005': 'The path for audio and video was lost.',
};

/** A sentence about the end of a call, and whether it is a problem rather than the usual course of things. */
export function describeEnd(reason: CallEndReason | undefined): { text: string; problem: boolean } {
    if (!reason) return { text: 'The call ended.', problem: false };
    const text = ends[`${reason.code}/${reason.subCode}`] ?? reason.message;
    return { text: text || `The call ended (${reason.code}/${reason.subCode}).`, problem: reason.code !== 0 };
}
