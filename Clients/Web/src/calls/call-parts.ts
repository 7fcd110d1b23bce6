import type { EventSource } from '../events';
import { FeatureSet } from '../features/feature-set';
import type { WireReason } from '../signalling/protocol';
import { AudioStreams } from './audio-streams';
import { CallMedia } from './call-media';
import type { CallOptions } from './call-options';
import { CallRequests } from './call-requests';
import { CallSignals } from './call-signals';
import { CallStatus } from './call-status';
import type { Beginning, CallEvents, CallHost } from './call-types';
import { muteParticipants } from './membership';
import { MicrophoneState } from './microphone-state';
import { PublishedPictures } from './published-pictures';
import { Roster } from './roster';

/** What a call is made of. */
export class CallParts {
    readonly status: CallStatus;
    readonly requests: CallRequests;
    readonly roster: Roster;
    readonly media: CallMedia;
    readonly audio: AudioStreams;
    readonly microphone: MicrophoneState;
    readonly pictures: PublishedPictures;
    readonly signals: CallSignals;
    readonly features: FeatureSet<'callApiCtor'>;

    constructor(host: CallHost, beginning: Beginning, options: CallOptions) {
        const { connection, devices } = host;
        const requests = (this.requests = new CallRequests(connection));
        if (beginning.type === 'call.accept') requests.callId = beginning.callId;
        this.status = new CallStatus(beginning);
        this.roster = new Roster({
            muteParticipant: participant => muteParticipants(requests, [participant]),
            demandChanged: stream => this.media.videos.demandChanged(stream),
        });
        this.media = new CallMedia(host, requests, this.roster, options.audioOptions);
        this.audio = new AudioStreams(this.media, this.status);
        this.microphone = new MicrophoneState(options.audioOptions?.muted ?? false, requests, this.media.local);
        this.pictures = new PublishedPictures(requests, this.media.local);
        this.signals = new CallSignals(host.userId, this.roster, requests);
        const { roster, media, microphone, signals, status } = this;
        const context = { roster, media, microphone, requests, signals, status, connection, devices };
        this.features = new FeatureSet('callApiCtor', 'a call', context);
    }

    /** Tells in the name of `call` what happens in its parts. */
    forwardEvents(call: EventSource<CallEvents>): void {
        this.status.on('stateChanged', () => call.emit('stateChanged'));
        this.status.on('groupChanged', () => call.emit('isGroupCallChanged'));
        this.media.on('audioPlaybackBlockedChanged', () => call.emit('isAudioPlaybackBlockedChanged'));
        this.media.on('incomingAudioMutedChanged', () => call.emit('isIncomingAudioMutedChanged'));
        this.roster.on('updated', event => {
            call.emit('remoteParticipantsUpdated', event);
            call.emit('totalParticipantCountChanged');
        });
        this.media.local.on('errorsChanged', () => call.emit('localMediaErrorsChanged'));
        this.microphone.on('mutedChanged', () => call.emit('isMutedChanged'));
        this.microphone.on('mutedByOthers', () => call.emit('mutedByOthers'));
        this.audio.on('localUpdated', event => call.emit('localAudioStreamsUpdated', event));
        this.audio.on('remoteUpdated', event => call.emit('remoteAudioStreamsUpdated', event));
        this.pictures.on('updated', event => call.emit('localVideoStreamsUpdated', event));
        this.pictures.on('cameraChanged', () => call.emit('isLocalVideoStartedChanged'));
        this.pictures.on('screenChanged', () => call.emit('isScreenSharingOnChanged'));
    }

    /** Ends everything, in the order in which apps shall learn of it. */
    end(reason: WireReason): void {
        this.status.setEndReason(reason);
        this.requests.end();
        this.features.close();
        this.media.close();
        this.roster.clear(reason);
        this.pictures.clear();
        this.status.setState('Disconnected');
    }
}
