import { callingError } from '../errors';
import type { BaseFeature } from './feature';

type Constructor<Feature> = new (context: never) => Feature;

/** The features of one object, each made once, when it is first asked for. */
export class FeatureSet<Kind extends string> {
    private readonly made = new Map<unknown, BaseFeature>();
    private closed = false;

    /** `kind` is the member of a factory that makes features for `owner`, which is named in errors. */
    constructor(
        private readonly kind: Kind,
        private readonly owner: string,
        private readonly context: unknown,
    ) {}

    get<Feature>(factory: { readonly name: string } & { readonly [Member in Kind]: Constructor<Feature> }): Feature {
        const type = factory?.[this.kind] as Constructor<BaseFeature> | undefined;
        if (typeof type !== 'function') {
            const name = factory?.name;
            const what = name ? `${name} is not a feature of ${this.owner}.` : `${this.owner} has no such feature.`;
            throw callingError('featureNotSupported', what, name);
        }
        let feature = this.made.get(type);
        if (!feature) {
            feature = new type(this.context as never);
            this.made.set(type, feature);
            // It can still be looked at, and has nothing left to watch.
            if (this.closed) feature.dispose();
        }
        return feature as unknown as Feature;
    }

    /** Their owner is gone. */
    close(): void {
        this.closed = true;
        for (const feature of this.made.values()) feature.dispose();
    }
}
