// What belongs to meetings of Microsoft Teams, which this server does not join.
import type { CollectionUpdate } from '../events';
import type { CommunicationIdentifierKind, PhoneNumberIdentifier } from '../identifiers';
import type { RemoteVideoStream, StreamSize } from '../streams/remote-video-stream';
import { IdleFeature } from './idle-feature';

/** A room for a part of the meeting. */
export interface BreakoutRoom {
    readonly threadId: string;
    readonly displayName?: string;
    readonly state: 'open' | 'closed';
}

export interface BreakoutRoomsSettings {
    readonly disableReturnToMainMeeting?: boolean;
}

/** Rooms for parts of the meeting. Not offered yet: there are none. */
export class BreakoutRoomsCallFeature extends IdleFeature<{ breakoutRoomsUpdated: object }> {
    readonly name = 'BreakoutRooms';

    get assignedBreakoutRooms(): BreakoutRoom | undefined {
        return undefined;
    }

    get breakoutRooms(): readonly BreakoutRoom[] {
        return [];
    }

    get breakoutRoomsSettings(): BreakoutRoomsSettings | undefined {
        return undefined;
    }
}

/** Slides that somebody shows. Not offered yet: nobody does. */
export class PPTLiveCallFeature extends IdleFeature<{ isActiveChanged: void }> {
    readonly name = 'PPTLive';

    get isActive(): boolean {
        return false;
    }

    get activePresenterId(): CommunicationIdentifierKind | undefined {
        return undefined;
    }

    /** Where the slides would be seen; undefined, since there are none. */
    get target(): HTMLElement | undefined {
        return undefined;
    }
}

export interface TogetherModeSeatingPosition {
    top: number;
    left: number;
    width: number;
    height: number;
}

export interface TogetherModeEvents {
    togetherModeStreamsUpdated: CollectionUpdate<RemoteVideoStream>;
    togetherModeSceneUpdated: Map<string, TogetherModeSeatingPosition>;
    togetherModeSeatingUpdated: Map<string, TogetherModeSeatingPosition>;
}

/** All cameras in one picture. Not offered yet. */
export class TogetherModeCallFeature extends IdleFeature<TogetherModeEvents> {
    readonly name = 'TogetherMode';
    /** The size at which the picture would be seen. */
    sceneSize: StreamSize = { width: 0, height: 0 };

    get togetherModeStream(): readonly RemoteVideoStream[] {
        return [];
    }

    get togetherModeSeatingMap(): Map<string, TogetherModeSeatingPosition> {
        return new Map();
    }

    start(): Promise<void> {
        return this.refuse('start');
    }
}

export interface TeamsMeetingAudioConferencingDetails {
    readonly phoneConferenceId: string;
    readonly phoneNumbers: readonly {
        readonly tollPhoneNumber?: PhoneNumberIdentifier;
        readonly tollFreePhoneNumber?: PhoneNumberIdentifier;
        readonly countryName?: string;
        readonly cityName?: string;
    }[];
}

/** The telephone numbers of the meeting. Not offered yet. */
export class TeamsMeetingAudioConferencingCallFeature extends IdleFeature<object> {
    readonly name = 'TeamsMeetingAudioConferencing';

    getTeamsMeetingAudioConferencingDetails(): Promise<TeamsMeetingAudioConferencingDetails> {
        return this.refuse('getTeamsMeetingAudioConferencingDetails');
    }
}
