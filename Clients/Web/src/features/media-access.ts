import type { CommunicationIdentifier, CommunicationIdentifierKind } from '../identifiers';
import { IdleFeature } from './idle-feature';

/** Whether somebody may open their microphone and camera. */
export interface MediaAccess {
    readonly participant: CommunicationIdentifierKind;
    readonly isAudioPermitted: boolean;
    readonly isVideoPermitted: boolean;
}

export interface MeetingMediaAccess {
    readonly isAudioPermitted: boolean;
    readonly isVideoPermitted: boolean;
}

export interface MediaAccessEvents {
    mediaAccessChanged: { mediaAccesses: readonly MediaAccess[] };
    meetingMediaAccessChanged: { mediaAccess: MeetingMediaAccess };
}

/** Forbids others to open microphones and cameras. Not offered yet: everybody may. */
export class MediaAccessCallFeature extends IdleFeature<MediaAccessEvents> {
    readonly name = 'MediaAccess';

    permitAudio(_participants: CommunicationIdentifier[]): Promise<void> {
        return this.refuse('permitAudio');
    }

    forbidAudio(_participants: CommunicationIdentifier[]): Promise<void> {
        return this.refuse('forbidAudio');
    }

    permitVideo(_participants: CommunicationIdentifier[]): Promise<void> {
        return this.refuse('permitVideo');
    }

    forbidVideo(_participants: CommunicationIdentifier[]): Promise<void> {
        return this.refuse('forbidVideo');
    }

    permitOthersAudio(): Promise<void> {
        return this.refuse('permitOthersAudio');
    }

    forbidOthersAudio(): Promise<void> {
        return this.refuse('forbidOthersAudio');
    }

    permitOthersVideo(): Promise<void> {
        return this.refuse('permitOthersVideo');
    }

    forbidOthersVideo(): Promise<void> {
        return this.refuse('forbidOthersVideo');
    }

    /** Those of whom anything but "everything is permitted" is known: nobody. */
    getAllOthersMediaAccess(): MediaAccess[] {
        return [];
    }

    getMeetingMediaAccess(): MeetingMediaAccess {
        return { isAudioPermitted: true, isVideoPermitted: true };
    }
}
