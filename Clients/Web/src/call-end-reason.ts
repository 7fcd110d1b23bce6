import type { CallingError } from './errors';

/** How an ended call, or a participant's part in it, is to be counted. */
export type CallEndResultCategory = 'Success' | 'ExpectedError' | 'UnexpectedClientError' | 'UnexpectedServerError';

/** Why a call ended, or why a participant left it. */
export interface CallEndReason {
    /** 0 for a normal end, otherwise like an HTTP or SIP status: 487 cancelled, 603 declined, 490 network lost … */
    readonly code: number;
    /** Tells reasons of one code apart, for example 487/10004 (no answer) and 487/10003 (answered elsewhere). */
    readonly subCode: number;
    /** A sentence for a person. */
    readonly message: string;
    readonly resultCategories: readonly CallEndResultCategory[];
}

/** @internal */
export function callEndReason(wire: { code: number; subCode: number; message?: string }): CallEndReason {
    return {
        code: wire.code,
        subCode: wire.subCode,
        message: wire.message ?? '',
        resultCategories: [category(wire.code)],
    };
}

/** @internal */
export function endReasonOf(error: CallingError): CallEndReason {
    return callEndReason(error);
}

function category(code: number): CallEndResultCategory {
    if (code === 0) return 'Success';
    if (code >= 500 && code < 600) return 'UnexpectedServerError';
    if (code === 410 || (code >= 490 && code < 500)) return 'UnexpectedClientError';
    return 'ExpectedError';
}
