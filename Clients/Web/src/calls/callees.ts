import { callingError } from '../errors';
import { notOffered } from '../features/idle-feature';
import { getIdentifierKind, getIdentifierRawId, type CommunicationIdentifier } from '../identifiers';

/** The user id of somebody to be called; what cannot be called from here is refused by name. */
export function calleeOf(identifier: CommunicationIdentifier): string {
    if (typeof identifier !== 'object' || identifier === null) {
        const sentence = 'Whom to call is told by an identifier, such as { communicationUserId }.';
        throw callingError('invalidIdentifier', sentence, String(identifier));
    }
    const { kind } = getIdentifierKind(identifier);
    const rawId = getIdentifierRawId(identifier);
    switch (kind) {
        case 'communicationUser':
            if (typeof rawId !== 'string' || rawId === '') throw callingError('invalidIdentifier', undefined, rawId);
            return rawId;
        case 'phoneNumber':
            throw notOffered('Calling telephones', rawId);
        case 'microsoftTeamsUser':
        case 'microsoftTeamsApp':
            throw notOffered('Calling Microsoft Teams', rawId);
        case 'unknown':
            // Bots, such as the echo service 8:echo123.
            if (typeof rawId === 'string') throw notOffered(`Calling ${rawId.slice(0, 64)}`, rawId);
            throw callingError('invalidIdentifier');
    }
}
