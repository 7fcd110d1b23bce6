import type { CommunicationTokenCredential } from '../credential';
import type { DeviceAccess } from '../devices/device-manager';
import { IdleFeature } from './idle-feature';

export type QualityGrade = 'Bad' | 'Average' | 'Good' | 'Unknown';
export type DeviceAvailabilityGrade = 'Available' | 'NotAvailable' | 'Unknown';
export type DeviceSupportGrade = 'Supported' | 'NotSupported' | 'Unknown';

export interface InCallDiagnostics {
    connected: boolean;
    bandWidth: QualityGrade;
    diagnostics: Record<'audio' | 'video', { jitter: QualityGrade; packetLoss: QualityGrade; rtt: QualityGrade }>;
}

/** What a test call found out. */
export interface PreCallDiagnosticsResult {
    id: string;
    deviceAccess?: Promise<DeviceAccess>;
    deviceEnumeration?: Promise<Record<'microphone' | 'camera' | 'speaker', DeviceAvailabilityGrade>>;
    inCallDiagnostics?: Promise<InCallDiagnostics>;
    browserSupport?: Promise<{ browser: DeviceSupportGrade; os: DeviceSupportGrade }>;
}

/** Tries devices and network by a test call. Not offered yet. */
export class PreCallDiagnosticsFeature extends IdleFeature<object> {
    readonly name = 'PreCallDiagnostics';

    startTest(_tokenCredential: CommunicationTokenCredential): Promise<PreCallDiagnosticsResult> {
        return this.refuse('startTest');
    }
}
