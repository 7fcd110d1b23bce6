import { callingError } from '../errors';
import { EventSource } from '../events';
import type { BaseFeature } from './feature';

/**
 * A feature that the server does not offer yet.
 *
 * It takes listeners and has nothing to show; what it is asked to do is refused by an error that names it.
 */
export abstract class IdleFeature<Events extends object> extends EventSource<Events> implements BaseFeature {
    abstract readonly name: string;

    dispose(): void {}

    /** @internal */
    protected refuse(act: string): Promise<never> {
        return Promise.reject(notOffered(`${this.name}.${act}`, this.name));
    }
}

/** @internal */
export function notOffered(what: string, target?: string) {
    return callingError('featureNotOffered', `${what} is not offered by this server.`, target ?? what);
}
