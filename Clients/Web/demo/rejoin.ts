/** The group that this tab is in, so that a reload of the page does not lose it. */
interface JoinedGroup {
    groupId: string;
    camera: boolean;
}

const key = 'switchboard.group';

/** Remembers the group until {@link forgetGroup}, and puts it into the address, where it can be seen and shared. */
export function rememberGroup(groupId: string, camera: boolean): void {
    const address = new URL(location.href);
    address.searchParams.delete('autojoin');
    address.searchParams.set('group', groupId);
    history.replaceState(null, '', address);
    const joined: JoinedGroup = { groupId, camera };
    try {
        sessionStorage.setItem(key, JSON.stringify(joined));
    } catch {
        // Without storage the address still says which group it was.
    }
}

export function forgetGroup(): void {
    try {
        sessionStorage.removeItem(key);
    } catch {
        // Nothing was stored either.
    }
}

/** The group that the page was in when it was loaded again; nothing for a page that was opened in another way. */
export function groupToRejoin(): JoinedGroup | undefined {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (navigation?.type !== 'reload') return undefined;
    try {
        const group = JSON.parse(sessionStorage.getItem(key) ?? 'null') as JoinedGroup | null;
        return typeof group?.groupId === 'string' ? group : undefined;
    } catch {
        return undefined;
    }
}
