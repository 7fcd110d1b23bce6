import { EventSource, type CollectionUpdate } from '../events';
import { notOffered } from '../features/idle-feature';
import type { CommunicationIdentifier } from '../identifiers';
import type { RemoteParticipant } from './remote-participant';

export interface AdmitAllOperationResult {
    readonly successCount: number;
    readonly failureCount: number;
}

/** Those who wait to be let in. Not offered yet: nobody waits. */
export class Lobby extends EventSource<{ lobbyParticipantsUpdated: CollectionUpdate<RemoteParticipant> }> {
    get participants(): readonly RemoteParticipant[] {
        return [];
    }

    async admit(_participant: CommunicationIdentifier): Promise<void> {
        throw notOffered('Lobby.admit', 'Lobby');
    }

    async reject(_participant: CommunicationIdentifier): Promise<void> {
        throw notOffered('Lobby.reject', 'Lobby');
    }

    async admitAll(): Promise<AdmitAllOperationResult> {
        return { successCount: 0, failureCount: 0 };
    }
}
