import type { CallMedia } from '../calls/call-media';
import type { CallRequests } from '../calls/call-requests';
import type { CallSignals } from '../calls/call-signals';
import type { CallStatus } from '../calls/call-status';
import type { MicrophoneState } from '../calls/microphone-state';
import type { Roster } from '../calls/roster';
import type { DeviceManager } from '../devices/device-manager';
import type { SignallingConnection } from '../signalling/connection';

/** What the features of a call are made of. */
export interface CallFeatureContext {
    readonly roster: Roster;
    readonly media: CallMedia;
    readonly microphone: MicrophoneState;
    readonly requests: CallRequests;
    readonly signals: CallSignals;
    readonly status: CallStatus;
    readonly connection: SignallingConnection;
    readonly devices: DeviceManager;
}
