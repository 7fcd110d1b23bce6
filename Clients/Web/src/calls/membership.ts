import { callingError, type CallingError } from '../errors';
import { getIdentifierRawId, isCommunicationUserIdentifier, type CommunicationIdentifier } from '../identifiers';
import type { CallRequests } from './call-requests';
import type { RemoteParticipant } from './remote-participant';
import type { Roster } from './roster';

/** Calls `identifier` into the call; the participant is in the roster at once, and leaves it if the server says no. */
export function addParticipant(
    roster: Roster,
    requests: CallRequests,
    identifier: CommunicationIdentifier,
): RemoteParticipant {
    requests.mustBeAlive();
    if (!requests.isEstablished) throw callingError('callNotConnected');
    if (!isCommunicationUserIdentifier(identifier)) throw callingError('invalidIdentifier');
    const participant = roster.invite(identifier.communicationUserId);
    requests
        .send('call.add', { target: identifier.communicationUserId })
        .then(reply => {
            if (reply.participantId !== undefined) participant.participantId ||= reply.participantId;
        })
        .catch((error: CallingError) => roster.uninvite(participant, error));
    return participant;
}

/** Sends every participant of that user out of the call. */
export async function removeParticipant(
    roster: Roster,
    requests: CallRequests,
    identifier: CommunicationIdentifier,
): Promise<void> {
    const userId = getIdentifierRawId(identifier);
    const found = roster.participants.filter(it => it.userId === userId && it.participantId !== '');
    if (found.length === 0) throw callingError('invalidArgument', 'This person is not in the call.', userId);
    for (const { participantId } of found) await requests.send('call.remove', { participantId });
}

/** Closes microphones: those of `participants`, or everybody else's. */
export async function muteParticipants(requests: CallRequests, participants?: RemoteParticipant[]): Promise<void> {
    const participantIds = participants?.map(it => it.participantId);
    await requests.send('call.muteParticipants', { ...(participantIds && { participantIds }) });
}
