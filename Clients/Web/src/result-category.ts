/** How an end or an error is to be counted. */
export type CallEndResultCategory = 'Success' | 'ExpectedError' | 'UnexpectedClientError' | 'UnexpectedServerError';

/** Subcodes whose category their code does not tell, from the public table of calling codes. */
const bySubCode: Record<number, CallEndResultCategory> = {
    10003: 'Success',
    10024: 'Success',
    540487: 'Success',
    560486: 'Success',
    7: 'ExpectedError',
    3112: 'ExpectedError',
    4521: 'ExpectedError',
    5317: 'ExpectedError',
    5828: 'UnexpectedClientError',
    5829: 'UnexpectedClientError',
    4506: 'UnexpectedClientError',
    40114: 'UnexpectedClientError',
};

/** @internal The category of a code with its subcode. */
export function resultCategory(code: number, subCode: number): CallEndResultCategory {
    const known = bySubCode[subCode];
    if (known) return known;
    // The caller thought better of it, or the callee said no.
    if (code === 0 || (subCode === 0 && (code === 487 || code === 603))) return 'Success';
    if (code >= 500 && code < 600) return 'UnexpectedServerError';
    if (code === 401 || (code === 410 && subCode !== 0) || (code >= 490 && code < 500)) return 'UnexpectedClientError';
    return 'ExpectedError';
}
