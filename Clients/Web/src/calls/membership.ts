import { callingError, type CallingError } from '../errors';
import { notOffered } from '../features/idle-feature';
import { getIdentifierRawId, type CommunicationIdentifier } from '../identifiers';
import type { AddParticipantOptions } from './call-options';
import type { CallRequests } from './call-requests';
import { calleeOf } from './callees';
import type { RemoteParticipant } from './remote-participant';
import type { Roster } from './roster';

/** Calls `identifier` into the call; the participant is in the roster at once, and leaves it if the server says no. */
export function addParticipant(
    roster: Roster,
    requests: CallRequests,
    identifier: CommunicationIdentifier,
    options: AddParticipantOptions = {},
): RemoteParticipant {
    requests.mustBeAlive();
    if (!requests.isEstablished) throw callingError('callNotConnected');
    if (options.threadId !== undefined) throw notOffered('A chat thread for a call', options.threadId);
    const target = calleeOf(identifier);
    const participant = roster.invite(target);
    requests
        .send('call.add', { target })
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
    requests.mustBeAlive();
    if (!requests.isEstablished) throw callingError('callNotConnected');
    if (typeof identifier !== 'object' || identifier === null) throw callingError('invalidIdentifier');
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
