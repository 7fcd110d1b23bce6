import { resultCategory, type CallEndResultCategory } from './result-category';

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
    const { code, subCode, message = '' } = wire;
    return { code, subCode, message, resultCategories: [resultCategory(code, subCode)] };
}
