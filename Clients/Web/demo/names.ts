import type { RemoteParticipant } from '/sdk/switchboard-calling.js';

/**
 * Characters that change the direction or the place of others: in a name they could make it look like another one, or
 * like a part of the page (Unicode TR 36), besides line breaks and other control characters.
 */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu;
/** The longest name that is shown, in characters. */
const longest = 64;

/** A name as the page shows it: on one line, of bounded length, and without characters that play tricks. */
export function plainName(name: string | undefined): string {
    const letters = [...(name ?? '').replace(unsafe, ' ').replace(/\s+/g, ' ').trim()];
    return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : letters.join('');
}

export function nameOf(participant: RemoteParticipant): string {
    return plainName(participant.displayName) || 'Somebody';
}
