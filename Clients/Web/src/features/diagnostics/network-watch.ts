import { listen } from '../../events';
import type { CallFeatureContext } from '../call-feature-context';
import { DiagnosticQuality, type DiagnosticList } from './diagnostic-list';
import type { NetworkDiagnosticType } from './diagnostic-types';

/** How long media may be gone until there is little hope, milliseconds. */
const hope = 10_000;

/** Watches whether the network is there at all. */
export class NetworkWatch {
    private readonly stops: (() => void)[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private sawRelay = false;
    private relayFailed = false;

    constructor(
        private readonly context: CallFeatureContext,
        private readonly list: DiagnosticList<NetworkDiagnosticType>,
    ) {
        const { media, status } = context;
        this.stops.push(listen(media, 'lostChanged', this.lostChanged), listen(status, 'stateChanged', this.lostChanged));
        if (typeof window !== 'undefined') {
            this.follow(window, 'online', this.onlineChanged);
            this.follow(window, 'offline', this.onlineChanged);
        }
        this.onlineChanged();
        const connection = media.session.peerConnection;
        this.follow(connection, 'icecandidate', event => this.candidate(event as RTCPeerConnectionIceEvent));
        this.follow(connection, 'icecandidateerror', event => {
            // Such addresses only; a STUN server that cannot be reached is no loss while the server itself can.
            const { url } = event as RTCPeerConnectionIceErrorEvent;
            if (/^turns?:/.test(url)) this.relayFailed = true;
        });
    }

    stop(): void {
        clearTimeout(this.timer);
        const { endReason } = this.context.status;
        // 490 and its like: the call ended because this side was cut off.
        if (endReason && endReason.code >= 490 && endReason.code < 500) {
            this.list.grade('networkReconnect', DiagnosticQuality.Bad);
        }
        for (const stop of this.stops.splice(0)) stop();
    }

    private follow(target: Partial<EventTarget>, event: string, listener: (event: Event) => void): void {
        target.addEventListener?.(event, listener);
        this.stops.push(() => target.removeEventListener?.(event, listener));
    }

    private readonly lostChanged = () => {
        if (this.context.status.isOver) return;
        if (!this.context.media.isLost) {
            clearTimeout(this.timer);
            this.timer = undefined;
            this.list.grade('networkReconnect', DiagnosticQuality.Good);
        } else if (this.timer === undefined) {
            this.list.grade('networkReconnect', DiagnosticQuality.Poor);
            this.timer = setTimeout(() => this.list.grade('networkReconnect', DiagnosticQuality.Bad), hope);
        }
    };

    private readonly onlineChanged = () => {
        this.list.flag('noNetwork', (navigator as { onLine?: boolean }).onLine === false);
    };

    private candidate({ candidate }: RTCPeerConnectionIceEvent): void {
        if (/ typ relay /.test(candidate?.candidate ?? '')) {
            this.sawRelay = true;
            this.list.flag('networkRelaysNotReachable', false);
        }
        // All have been looked for, a relay was asked, and none was found.
        if (!candidate && this.relayFailed && !this.sawRelay) this.list.flag('networkRelaysNotReachable', true);
    }
}
