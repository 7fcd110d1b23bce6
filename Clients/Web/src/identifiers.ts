/** A user of the server. */
export interface CommunicationUserIdentifier {
    communicationUserId: string;
}

/** A telephone number in E.164 form. */
export interface PhoneNumberIdentifier {
    phoneNumber: string;
    rawId?: string;
    isAnonymous?: boolean;
    assertedId?: string;
}

/** The cloud that a Teams identifier belongs to. */
export type CommunicationCloud = 'public' | 'dod' | 'gcch';

/** A Teams user, or an anonymous visitor of a Teams meeting. */
export interface MicrosoftTeamsUserIdentifier {
    microsoftTeamsUserId: string;
    rawId?: string;
    isAnonymous?: boolean;
    cloud?: CommunicationCloud;
}

/** A Teams app or bot. */
export interface MicrosoftTeamsAppIdentifier {
    teamsAppId: string;
    rawId?: string;
    cloud?: CommunicationCloud;
}

/** Anything whose raw id has no form that the library knows. */
export interface UnknownIdentifier {
    id: string;
}

/** Somebody or something that can be in a call. */
export type CommunicationIdentifier =
    | CommunicationUserIdentifier
    | PhoneNumberIdentifier
    | MicrosoftTeamsUserIdentifier
    | MicrosoftTeamsAppIdentifier
    | UnknownIdentifier;

/** A {@link CommunicationIdentifier} with its kind spelled out, for `switch`. */
export type CommunicationIdentifierKind =
    | ({ kind: 'communicationUser' } & CommunicationUserIdentifier)
    | ({ kind: 'phoneNumber' } & PhoneNumberIdentifier)
    | ({ kind: 'microsoftTeamsUser' } & MicrosoftTeamsUserIdentifier)
    | ({ kind: 'microsoftTeamsApp' } & MicrosoftTeamsAppIdentifier)
    | ({ kind: 'unknown' } & UnknownIdentifier);

export const isCommunicationUserIdentifier = (
    identifier: CommunicationIdentifier,
): identifier is CommunicationUserIdentifier => 'communicationUserId' in identifier;

export const isPhoneNumberIdentifier = (identifier: CommunicationIdentifier): identifier is PhoneNumberIdentifier =>
    has(identifier, 'phoneNumber');

export const isMicrosoftTeamsUserIdentifier = (
    identifier: CommunicationIdentifier,
): identifier is MicrosoftTeamsUserIdentifier => has(identifier, 'microsoftTeamsUserId');

export const isMicrosoftTeamsAppIdentifier = (
    identifier: CommunicationIdentifier,
): identifier is MicrosoftTeamsAppIdentifier => has(identifier, 'teamsAppId');

export const isUnknownIdentifier = (identifier: CommunicationIdentifier): identifier is UnknownIdentifier =>
    has(identifier, 'id');

/** Apps hand in anything, so that nothing is taken for granted. */
function has(identifier: unknown, member: string): boolean {
    return typeof identifier === 'object' && identifier !== null && member in identifier;
}

/** The identifier with its kind. */
export function getIdentifierKind(identifier: CommunicationIdentifier): CommunicationIdentifierKind {
    if (isCommunicationUserIdentifier(identifier)) return { ...identifier, kind: 'communicationUser' };
    if (isPhoneNumberIdentifier(identifier)) return { ...identifier, kind: 'phoneNumber' };
    if (isMicrosoftTeamsUserIdentifier(identifier)) return { ...identifier, kind: 'microsoftTeamsUser' };
    if (isMicrosoftTeamsAppIdentifier(identifier)) return { ...identifier, kind: 'microsoftTeamsApp' };
    return { ...identifier, kind: 'unknown' };
}

const userPrefixes = new Set(['acs', 'spool', 'dod-acs', 'gcch-acs']);
const teamsUserClouds: Record<string, CommunicationCloud> = { orgid: 'public', dod: 'dod', gcch: 'gcch' };

/** Reads a raw id such as `8:acs:…` or `4:+14255550100`; never fails, the last resort is {@link UnknownIdentifier}. */
export function createIdentifierFromRawId(rawId: string): CommunicationIdentifierKind {
    if (rawId.startsWith('4:')) return phoneNumber(rawId);
    const [scheme, prefix, ...rest] = rawId.split(':');
    const id = rest.join(':');
    if (scheme === '8' && prefix !== undefined && id !== '') {
        if (userPrefixes.has(prefix)) return { kind: 'communicationUser', communicationUserId: rawId };
        if (prefix === 'teamsvisitor') {
            return { kind: 'microsoftTeamsUser', microsoftTeamsUserId: id, isAnonymous: true, rawId };
        }
        const cloud = teamsUserClouds[prefix];
        if (cloud) return { kind: 'microsoftTeamsUser', microsoftTeamsUserId: id, isAnonymous: false, cloud, rawId };
    }
    if (scheme === '28' && prefix !== undefined && id !== '') {
        const cloud = teamsUserClouds[prefix];
        if (cloud) return { kind: 'microsoftTeamsApp', teamsAppId: id, cloud, rawId };
    }
    return { kind: 'unknown', id: rawId };
}

function phoneNumber(rawId: string): CommunicationIdentifierKind {
    const number = rawId.slice('4:'.length);
    if (number === 'anonymous') return { kind: 'phoneNumber', phoneNumber: number, isAnonymous: true, rawId };
    // An asserted id is what follows the last underscore, unless the underscore is the first character.
    const underscore = number.lastIndexOf('_');
    if (underscore > 0) {
        return { kind: 'phoneNumber', phoneNumber: number, assertedId: number.slice(underscore + 1), rawId };
    }
    return { kind: 'phoneNumber', phoneNumber: number, rawId };
}

/** Writes an identifier as a raw id. */
export function getIdentifierRawId(identifier: CommunicationIdentifier): string {
    const it = getIdentifierKind(identifier);
    switch (it.kind) {
        case 'communicationUser':
            return it.communicationUserId;
        case 'phoneNumber':
            return it.rawId ?? `4:${it.phoneNumber}`;
        case 'microsoftTeamsUser':
            if (it.rawId !== undefined) return it.rawId;
            if (it.isAnonymous) return `8:teamsvisitor:${it.microsoftTeamsUserId}`;
            return `8:${it.cloud === 'dod' || it.cloud === 'gcch' ? it.cloud : 'orgid'}:${it.microsoftTeamsUserId}`;
        case 'microsoftTeamsApp':
            return (
                it.rawId ?? `28:${it.cloud === 'dod' || it.cloud === 'gcch' ? it.cloud : 'orgid'}:${it.teamsAppId}`
            );
        case 'unknown':
            return it.id;
    }
}
