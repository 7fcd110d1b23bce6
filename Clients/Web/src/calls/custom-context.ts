import { callingError } from '../errors';
import type { WireCustomContext } from '../signalling/protocol';
import type { CustomContext, xHeader } from './call-options';

/** What the mirrored SDK takes: characters, and headers of each kind. */
const mostUserToUser = 256;
const mostKey = 64;
const mostValue = 256;
const mostHeaders = 5;

/** Words of telephony begin so; all others are for apps. */
const sipPrefix = /^X-MS-Custom-/i;

/** What travels of the context that a caller gives. */
export function contextToWire(context: CustomContext | undefined): WireCustomContext | undefined {
    if (context === undefined) return undefined;
    const { userToUser, voipHeaders = [], sipHeaders = [], xHeaders = [] } = context;
    if (userToUser !== undefined && (typeof userToUser !== 'string' || userToUser.length > mostUserToUser)) {
        throw callingError('invalidArgument', `userToUser has at most ${mostUserToUser} characters.`, 'userToUser');
    }
    const headers = [checked('voipHeaders', voipHeaders), checked('sipHeaders', [...sipHeaders, ...xHeaders])].flat();
    return { ...(userToUser !== undefined && { userToUser }), ...(headers.length > 0 && { headers }) };
}

/** What the callee's app sees of it. */
export function contextFromWire(wire: WireCustomContext | undefined): CustomContext | undefined {
    if (!wire) return undefined;
    const { userToUser, headers = [] } = wire;
    const sipHeaders = headers.filter(({ key }) => sipPrefix.test(key));
    const voipHeaders = headers.filter(({ key }) => !sipPrefix.test(key));
    return { userToUser, voipHeaders, sipHeaders, xHeaders: sipHeaders };
}

function checked(member: string, headers: readonly xHeader[]): xHeader[] {
    const isSound = ({ key, value }: xHeader) =>
        typeof key === 'string' && key !== '' && key.length <= mostKey &&
        typeof value === 'string' && value.length <= mostValue;
    if (headers.length > mostHeaders || !headers.every(isSound)) {
        const sentence = `At most ${mostHeaders} headers with keys of ${mostKey} and values of ${mostValue} characters.`;
        throw callingError('invalidArgument', sentence, member);
    }
    return headers.map(({ key, value }) => ({ key, value }));
}
