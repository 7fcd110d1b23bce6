// Names of the mirrored SDK for types that the library itself writes in another way.
import type { CallEndReason } from './call-end-reason';
import type { ConnectionStateChange } from './calls/call-agent';
import type { GroupLocator, RoomLocator } from './calls/call-options';
import type { IncomingCall } from './calls/incoming-call';
import type { CallingError } from './errors';
import type { DataChannelSenderOptions } from './data/data-channel-sender';
import type { CollectionUpdate } from './events';
import type { CapabilitiesChangeInfo, ParticipantCapabilities } from './features/capabilities';
import type { CaptionsInfo } from './features/captions';
import type { LatestDiagnosticValue } from './features/diagnostics/diagnostic-list';
import type { MediaDiagnosticType, NetworkDiagnosticType } from './features/diagnostics/diagnostic-types';
import type { RaisedHandChangedEvent } from './features/raise-hand';
import type { ReactionEventPayload } from './features/reaction';
import type { RealTimeTextInfo } from './features/real-time-text';
import type { CallEndResultCategory } from './result-category';
import type { MediaStatsReportSample, MediaStatsReportSummary } from './stats/media-stats-report';
import type { LocalAudioStream } from './streams/local-audio-stream';
import type { LocalVideoStream } from './streams/local-video-stream';

/** A listener for an event that carries nothing: it reads the property that changed. */
export type PropertyChangedEvent = () => void;

/** A listener for a collection that changed. */
export type CollectionUpdatedEvent<Item> = (args: CollectionUpdate<Item>) => void;

export type ConnectionStateChangedEvent = (args: ConnectionStateChange) => void;
export type IncomingCallEvent = (args: { incomingCall: IncomingCall }) => void;
export type CallEndedEvent = (args: { callEndReason: CallEndReason }) => void;
export type AudioSourceChangedEvent = (args: { source: LocalAudioStream }) => void;
export type VideoSourceChangedEvent = (args: { source: LocalVideoStream }) => void;
export type CapabilitiesChangeHandler = (data: CapabilitiesChangeInfo) => void;
export type CaptionsHandler = (data: CaptionsInfo) => void;
export type RaisedHandListener = (data: RaisedHandChangedEvent) => void;
export type LoweredHandListener = (data: RaisedHandChangedEvent) => void;
export type ReactionListener = (data: ReactionEventPayload) => void;
export type RealTimeTextReceivedEventHandler = (data: RealTimeTextInfo) => void;
export type MediaStatsReportSampleEvent = (args: MediaStatsReportSample) => void;
export type MediaStatsReportSummaryEvent = (args: MediaStatsReportSummary) => void;

/** What every rejected promise of the library has. */
export type CommunicationServicesError = Pick<
    CallingError,
    'name' | 'message' | 'code' | 'subCode' | 'resultCategories'
>;
export type ResultCategories = CallEndResultCategory;

export interface Disposable {
    dispose(): void;
}

export type DataChannelSenderOpenOptions = DataChannelSenderOptions;
export type GroupCallLocator = GroupLocator;
export type RoomCallLocator = RoomLocator;

export interface TeamsMeetingLinkLocator {
    meetingLink: string;
}

export interface TeamsMeetingIdLocator {
    meetingId: string;
    passcode?: string;
}

export type ChangedParticipantCapabilities = Partial<ParticipantCapabilities>;
export type LatestNetworkDiagnostics = { readonly [Diagnostic in NetworkDiagnosticType]?: LatestDiagnosticValue };
export type LatestMediaDiagnostics = { readonly [Diagnostic in MediaDiagnosticType]?: LatestDiagnosticValue };
