import { EventSource } from '../../events';

/** How well something goes. */
export enum DiagnosticQuality {
    Good = 1,
    /** There is a mild problem. */
    Poor = 2,
    /** There is a severe problem. */
    Bad = 3,
}

/** Whether there is a problem. */
export type DiagnosticFlag = boolean;
export type DiagnosticValueType = 'DiagnosticQuality' | 'DiagnosticFlag';

/** What was found out last. */
export interface LatestDiagnosticValue {
    readonly value: DiagnosticQuality | DiagnosticFlag;
    readonly valueType: DiagnosticValueType;
}

export interface DiagnosticChangedEventArgs<Name extends string> extends LatestDiagnosticValue {
    readonly diagnostic: Name;
}

/** Diagnostics of one kind. Each is there from the first time that something was found out. */
export class DiagnosticList<Name extends string> extends EventSource<{
    diagnosticChanged: DiagnosticChangedEventArgs<Name>;
}> {
    private readonly latest = new Map<Name, LatestDiagnosticValue>();

    getLatest(): { readonly [Diagnostic in Name]?: LatestDiagnosticValue } {
        return Object.fromEntries(this.latest) as { [Diagnostic in Name]?: LatestDiagnosticValue };
    }

    /** @internal A problem began or is over; the end of one that never was is no news. */
    flag(diagnostic: Name, value: boolean): void {
        if (value !== (this.latest.get(diagnostic)?.value ?? false)) {
            this.set(diagnostic, { value, valueType: 'DiagnosticFlag' });
        }
    }

    /** @internal */
    grade(diagnostic: Name, value: DiagnosticQuality): void {
        if (value !== (this.latest.get(diagnostic)?.value ?? DiagnosticQuality.Good)) {
            this.set(diagnostic, { value, valueType: 'DiagnosticQuality' });
        }
    }

    private set(diagnostic: Name, value: LatestDiagnosticValue): void {
        this.latest.set(diagnostic, value);
        this.emit('diagnosticChanged', { diagnostic, ...value });
    }
}
