/** What an opus line is wanted to say: repair of lost packets from the next one, and no packets during silence. */
const opusWishes = ['useinbandfec=1', 'usedtx=1'];

/** Adds the wishes to every opus format of a description that does not say otherwise itself. */
export function withOpusWishes(sdp: string): string {
    return sdp.replace(/^a=rtpmap:(\d+) opus\/48000.*$/gim, (line, format: string) =>
        new RegExp(`^a=fmtp:${format} `, 'm').test(sdp) ? line : `${line}\r\na=fmtp:${format} ${opusWishes.join(';')}`,
    ).replace(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, format: string, parameters: string) => {
        if (!new RegExp(`^a=rtpmap:${format} opus/`, 'im').test(sdp)) return line;
        const missing = opusWishes.filter(wish => !parameters.includes(wish.split('=')[0]));
        return [line, ...missing].join(';');
    });
}

/** Whether an answer turns the line for data away. */
export function refusesData(sdp: string): boolean {
    return /^m=application 0 /m.test(sdp);
}

/** The mids of the lines of an answer that take layers. */
export function simulcastMids(sdp: string): Set<string> {
    const mids = new Set<string>();
    for (const section of sdp.split(/^m=/m).slice(1)) {
        const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
        if (mid !== undefined && /^a=simulcast:/m.test(section)) mids.add(mid);
    }
    return mids;
}
