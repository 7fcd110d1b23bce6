/** What a listener may be told when a collection changes: the items that came and the items that went. */
export interface CollectionUpdate<Item> {
    readonly added: readonly Item[];
    readonly removed: readonly Item[];
}

type Listener<Value> = (value: Value) => void;

/**
 * An object with events, as every object of the library that changes is: `on` and `off` by event name.
 *
 * Events whose name ends in `Changed` carry no value: read the property they name.
 */
export class EventSource<Events extends object> {
    private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

    /** Calls `listener` whenever `event` happens. Adding the same listener twice has no further effect. */
    on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): void {
        let set = this.listeners.get(event);
        if (!set) {
            set = new Set();
            this.listeners.set(event, set);
        }
        set.add(listener);
        this.listenersChanged();
    }

    /** Stops calling `listener`; unknown listeners are ignored. */
    off<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): void {
        this.listeners.get(event)?.delete(listener);
        this.listenersChanged();
    }

    /** @internal */
    emit<Name extends keyof Events>(event: Name, ...value: Events[Name] extends void ? [] : [Events[Name]]): void {
        // A copy, because a listener may well remove itself; and one that throws must not silence the others.
        for (const listener of [...(this.listeners.get(event) ?? [])]) {
            try {
                (listener as Listener<unknown>)(value[0]);
            } catch (error) {
                console.error(`A listener for "${String(event)}" failed:`, error);
            }
        }
    }

    /** @internal */
    hasListeners(event: keyof Events): boolean {
        return (this.listeners.get(event)?.size ?? 0) > 0;
    }

    /** @internal Called after each `on` and `off`, for sources that only measure while somebody listens. */
    protected listenersChanged(): void {}
}

/** @internal Listens until the function that it gives is called. */
export function listen<Events extends object, Name extends keyof Events>(
    source: EventSource<Events>,
    event: Name,
    listener: (value: Events[Name]) => void,
): () => void {
    source.on(event, listener);
    return () => source.off(event, listener);
}
