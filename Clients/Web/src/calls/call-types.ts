import type { DeviceManager } from '../devices/device-manager';
import type { CollectionUpdate } from '../events';
import { createIdentifierFromRawId, type CommunicationIdentifierKind } from '../identifiers';
import type { IceServers } from '../media/ice-servers';
import type { SignallingConnection } from '../signalling/connection';
import type { WireCustomContext, WireSnapshot } from '../signalling/protocol';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { LocalVideoStream } from '../streams/local-video-stream';
import type { RemoteAudioStream } from '../streams/remote-audio-stream';
import type { Call } from './call';
import type { RemoteParticipant } from './remote-participant';

/** What sort of call an object is; of this server's calls there is one. */
export enum CallKind {
    Call = 'Call',
    TeamsCall = 'TeamsCall',
}

export type CallState =
    | 'None'
    | 'Connecting'
    | 'Ringing'
    | 'Connected'
    | 'LocalHold'
    | 'RemoteHold'
    | 'InLobby'
    | 'EarlyMedia'
    | 'Disconnecting'
    | 'Disconnected';

export type CallDirection = 'Incoming' | 'Outgoing';

/** Who called. */
export interface CallerInfo {
    readonly identifier: CommunicationIdentifierKind | undefined;
    readonly displayName: string | undefined;
}

export interface CallInfo {
    /** The GUID by which others may join; undefined for a call that began between two. */
    readonly groupId: string | undefined;
    /** This device's own participant id; empty until the server has answered. */
    readonly participantId: string;
    /** Rooms are not offered yet. */
    readonly roomId: string | undefined;
    /** Calls of this server have no chat thread. */
    readonly threadId: string | undefined;
    /** The id by which the server knows the call; rejects when the call ends before the server has answered. */
    getServerCallId(): Promise<string>;
    /** Refused: calls of this server have no address. */
    getConversationUrl(): Promise<string>;
}

export interface CallEvents {
    stateChanged: void;
    idChanged: void;
    isMutedChanged: void;
    /** Somebody else closed this device's microphone. */
    mutedByOthers: void;
    isIncomingAudioMutedChanged: void;
    isScreenSharingOnChanged: void;
    isLocalVideoStartedChanged: void;
    localVideoStreamsUpdated: CollectionUpdate<LocalVideoStream>;
    localAudioStreamsUpdated: CollectionUpdate<LocalAudioStream>;
    remoteAudioStreamsUpdated: CollectionUpdate<RemoteAudioStream>;
    remoteParticipantsUpdated: CollectionUpdate<RemoteParticipant>;
    totalParticipantCountChanged: void;
    roleChanged: void;
    transferorInfoChanged: void;
    /** Our addition: the connection of this device was interrupted or is back. */
    isReconnectingChanged: void;
    /** Our addition: see `localMediaErrors`. */
    localMediaErrorsChanged: void;
    /** Our addition: see `isAudioPlaybackBlocked`. */
    isAudioPlaybackBlockedChanged: void;
    /** Our addition: the call became a group call. */
    isGroupCallChanged: void;
}

/** @internal What a call needs of its agent. */
export interface CallHost {
    readonly connection: SignallingConnection;
    readonly devices: DeviceManager;
    readonly iceServers: IceServers;
    readonly userId: string;
    /** The call has its id now: pushes for it can be handed on. */
    identified(call: Call): void;
    ended(call: Call): void;
}

/** @internal */
export type Beginning =
    | { type: 'call.start'; targets: string[]; customContext?: WireCustomContext }
    | { type: 'call.join'; groupId: string }
    | { type: 'call.accept'; callId: string };

/** @internal */
export function callerOf(userId: string, displayName?: string | null): CallerInfo {
    return { identifier: createIdentifierFromRawId(userId), displayName: displayName ?? undefined };
}

/** @internal Whether a call of the server, whose id is not known here, can only be the one that began so. */
export function isBegunBy(beginning: Beginning, snapshot: WireSnapshot): boolean {
    switch (beginning.type) {
        case 'call.accept':
            return beginning.callId === snapshot.callId;
        case 'call.join':
            return beginning.groupId === snapshot.groupId;
        case 'call.start': {
            const present = new Set(snapshot.participants.map(it => it.userId));
            return snapshot.direction === 'Outgoing' && beginning.targets.some(target => present.has(target));
        }
    }
}
