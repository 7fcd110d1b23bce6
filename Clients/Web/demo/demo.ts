import {
    AzureCommunicationTokenCredential,
    CallClient,
    type Call,
    type CallAgent,
    type CallOptions,
    type IncomingCall,
} from '/sdk/switchboard-calling.js';
import { CallView } from './call-view';
import { DeviceDialog } from './device-dialog';
import { byId, copy, drawIcons, show } from './dom';
import { IncomingDialog, type Answer } from './incoming-dialog';
import { describeError } from './messages';
import { plainName } from './names';
import { forgetGroup, groupToRejoin, rememberGroup } from './rejoin';
import { Ring } from './ring';
import { invitation } from './roster-panel';
import { createUser, DevelopmentModeOff, storedSession, storeSession, type Session } from './session';
import { toast } from './toasts';

/** What can be looked at from the browser's console, and by tests. */
interface Inspection {
    client: CallClient;
    agent: CallAgent | undefined;
    call: Call | undefined;
}

declare global {
    interface Window {
        switchboard: Inspection;
    }
}

const parameters = new URLSearchParams(location.search);
const client = new CallClient();
const devices = await client.getDeviceManager();
const ring = new Ring();
const inspection: Inspection = (window.switchboard = { client, agent: undefined, call: undefined });
const deviceDialog: DeviceDialog = new DeviceDialog(devices, camera => callView.switchCamera(camera));
const callView: CallView = new CallView(deviceDialog, ring, callEnded);
const incomingDialog = new IncomingDialog(ring);

/** Whether the page is being left: the session and the group that end with it are those to come back to. */
let isLeaving = false;
addEventListener('pagehide', () => (isLeaving = true));
addEventListener('pageshow', () => (isLeaving = false));

type Page = 'sign-in' | 'home' | 'call';

function showPage(page: Page): void {
    for (const id of ['sign-in', 'home', 'call'] as const) show(byId(id), id === page);
    show(byId('sign-out'), page === 'home');
    show(byId('me'), page !== 'sign-in');
}

// -- signing in

function showSignIn(error = ''): void {
    showPage('sign-in');
    byId('sign-in-error').textContent = error;
    show(byId('sign-in-error'), error !== '');
    byId('name').focus();
}

async function signIn(session: Session): Promise<void> {
    const credential = new AzureCommunicationTokenCredential(session.token);
    const agent = await client.createCallAgent(credential, { displayName: session.displayName });
    inspection.agent = agent;
    storeSession(session);
    agent.on('connectionStateChanged', showConnection);
    agent.on('sessionEnded', error => {
        if (inspection.agent !== agent || isLeaving) return;
        inspection.agent = undefined;
        storeSession(undefined);
        showSignIn(describeError(error));
    });
    agent.on('incomingCall', ({ incomingCall }) => rings(incomingCall));
    agent.on('serverClosing', ({ inSeconds }) =>
        toast(`The server stops in ${inSeconds} seconds; the page connects again when it is back.`, true),
    );
    const { identifier } = agent;
    const userId = 'communicationUserId' in identifier ? identifier.communicationUserId : '';
    byId('user-id').textContent = userId;
    byId('me-name').textContent = session.displayName;
    showConnection();
    showPage('home');
    await followParameters();
}

async function signInFromForm(): Promise<void> {
    const displayName = byId<HTMLInputElement>('name').value.trim();
    const token = byId<HTMLTextAreaElement>('token').value.trim();
    const button = byId<HTMLButtonElement>('sign-in-button');
    if (!displayName) return;
    button.disabled = true;
    try {
        await signIn(token ? { token, displayName } : await createUser(displayName));
    } catch (error) {
        if (error instanceof DevelopmentModeOff) {
            show(byId('token-field'), true);
            showSignIn();
            byId('token').focus();
        } else {
            showSignIn(describeError(error));
        }
    } finally {
        button.disabled = false;
    }
}

async function signOut(): Promise<void> {
    storeSession(undefined);
    const agent = inspection.agent;
    // Forgotten first, so that the end of its session is no surprise.
    inspection.agent = undefined;
    await agent?.dispose();
    showSignIn();
}

function showConnection(): void {
    const connected = inspection.agent?.connectionState === 'Connected';
    const status = byId('status');
    status.textContent = connected ? 'Online' : 'Connecting…';
    status.classList.toggle('off', !connected);
}

// -- calls

async function callOptions(camera: boolean): Promise<CallOptions> {
    return camera ? { videoOptions: { localVideoStreams: [await callView.cameraStream()] } } : {};
}

async function begin(
    camera: boolean,
    make: (agent: CallAgent, options: CallOptions) => Call | Promise<Call>,
): Promise<void> {
    const agent = inspection.agent;
    if (!agent) return;
    try {
        const options = await callOptions(camera);
        let call: Call | undefined;
        // The call is shown from its first moment, which for an answered one is before `accept` returns.
        const shown = ({ added }: { added: readonly Call[] }) => {
            call = added[0];
            if (call) showCall(call);
        };
        agent.on('callsUpdated', shown);
        const made = make(agent, options);
        agent.off('callsUpdated', shown);
        await made;
    } catch (error) {
        toast(describeError(error), true);
        if (!inspection.call) showPage('home');
    }
}

function showCall(call: Call): void {
    inspection.call = call;
    showPage('call');
    callView.attach(call, inspection.agent?.displayName ?? 'You');
}

function callEnded(call: Call): void {
    if (inspection.call === call) inspection.call = undefined;
    if (isLeaving) return;
    forgetGroup();
    if (!inspection.agent) return;
    showPage('home');
    // The controls are gone; the keyboard and a screen reader go on from here.
    byId('home').focus();
}

function rings(incoming: IncomingCall): void {
    incoming.on('callEnded', ({ callEndReason }) => {
        const missed = callEndReason?.code === 487 && callEndReason.subCode !== 10003;
        if (missed) toast(`You missed a call from ${plainName(incoming.callerInfo.displayName) || 'somebody'}.`);
    });
    incomingDialog.ask(incoming, inspection.call !== undefined, answer => void respond(incoming, answer));
}

async function respond(incoming: IncomingCall, answer: Answer): Promise<void> {
    if (answer === 'reject') {
        incoming.reject().catch(error => toast(describeError(error), true));
        return;
    }
    await inspection.call?.hangUp();
    await begin(answer === 'video', (_, options) => incoming.accept(options));
}

async function joinGroup(groupId: string, camera: boolean): Promise<void> {
    await begin(camera, (agent, options) => agent.join({ groupId }, options));
    if (inspection.call) rememberGroup(groupId, camera);
}

// -- the page

/**
 * Does what the address asks for: `?group=GUID`, `?call=USERID` fill in, `?autojoin=GUID` joins. A page that was loaded
 * again while it was in a group joins it again.
 */
async function followParameters(): Promise<void> {
    const group = parameters.get('autojoin') ?? parameters.get('group');
    if (group) byId<HTMLInputElement>('group').value = group;
    const callee = parameters.get('call');
    if (callee) byId<HTMLInputElement>('callee').value = callee;
    const first = callee ? 'callee' : 'group';
    byId(first).focus();
    const again = groupToRejoin();
    const autojoin = parameters.get('autojoin');
    if (again) await joinGroup(again.groupId, again.camera);
    else if (autojoin) await joinGroup(autojoin, parameters.get('camera') === '1');
}

/** Which of a form's buttons was pressed. */
function withCamera(event: SubmitEvent): boolean {
    return (event.submitter as HTMLButtonElement | null)?.value === 'video';
}

drawIcons();
byId('sign-in-form').addEventListener('submit', event => {
    event.preventDefault();
    void signInFromForm();
});
byId('sign-out').addEventListener('click', () => void signOut());
byId('call-form').addEventListener('submit', event => {
    event.preventDefault();
    const ids = byId<HTMLInputElement>('callee').value.split(/[\s,;]+/).filter(id => id !== '');
    const targets = ids.map(communicationUserId => ({ communicationUserId }));
    void begin(withCamera(event), (agent, options) => agent.startCall(targets, options));
});
byId('group-form').addEventListener('submit', event => {
    event.preventDefault();
    void joinGroup(byId<HTMLInputElement>('group').value, withCamera(event));
});
byId('new-group').addEventListener('click', () => {
    byId<HTMLInputElement>('group').value = newGuid();
});
byId('copy-group').addEventListener('click', event => {
    const field = byId<HTMLInputElement>('group');
    if (!field.value) field.value = newGuid();
    void copy(invitation(field.value), event.currentTarget as HTMLElement);
});
byId('copy-user-id').addEventListener('click', event => {
    void copy(byId('user-id').textContent ?? '', event.currentTarget as HTMLElement);
});
byId('copy-call-link').addEventListener('click', event => {
    const link = `${location.origin}/?call=${encodeURIComponent(byId('user-id').textContent ?? '')}`;
    void copy(link, event.currentTarget as HTMLElement);
});
byId('open-devices').addEventListener('click', () => void deviceDialog.open());
document.addEventListener('keydown', event => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement).tagName);
    if (event.key !== 'd' || typing || event.ctrlKey || event.metaKey || event.altKey || !inspection.agent) return;
    if (!document.querySelector('dialog[open]')) void deviceDialog.open();
});

/** A random version 4 GUID; `crypto.randomUUID` is missing on pages without HTTPS. */
function newGuid(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const text = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const name = parameters.get('name');
const stored = storedSession();
if (name) {
    byId<HTMLInputElement>('name').value = name;
    if (stored?.displayName === name) await signIn(stored).catch(() => signInFromForm());
    else await signInFromForm();
} else if (stored) {
    await signIn(stored).catch(error => {
        storeSession(undefined);
        showSignIn(describeError(error));
    });
} else {
    showSignIn();
}
