export { CallClient } from './call-client';
export type { CallAgentOptions, CallClientEvents, CallClientOptions, DiagnosticOptions } from './call-client';
export type { CallEndReason } from './call-end-reason';
export { CallAgent, CallAgentKind } from './calls/call-agent';
export type {
    CallAgentEvents,
    ConnectionState,
    ConnectionStateChange,
    ConnectionStateChangedReason,
    PushNotificationData,
} from './calls/call-agent';
export { Call } from './calls/call';
export { CallKind } from './calls/call-types';
export type { CallDirection, CallerInfo, CallEvents, CallInfo, CallState } from './calls/call-types';
export type {
    AcceptCallOptions,
    AddParticipantOptions,
    AudioOptions,
    CallConstraints,
    CallOptions,
    CustomContext,
    DtmfTone,
    GroupLocator,
    HangUpOptions,
    JoinCallOptions,
    MediaConstraintRange,
    MediaConstraints,
    MeetingLocator,
    RoomLocator,
    StartCallOptions,
    VideoConstraints,
    VideoOptions,
    VideoSendConstraints,
    xHeader,
} from './calls/call-options';
export { IncomingCall, IncomingCallKind } from './calls/incoming-call';
export type { IncomingCallEvents, RejectReason } from './calls/incoming-call';
export { Lobby } from './calls/lobby';
export type { AdmitAllOperationResult } from './calls/lobby';
export type { LocalMediaErrors } from './calls/local-media';
export { RemoteParticipant } from './calls/remote-participant';
export type {
    EndpointDetails,
    ParticipantInfo,
    ParticipantRole,
    RemoteParticipantEvents,
    RemoteParticipantState,
} from './calls/remote-participant';
export { AzureCommunicationTokenCredential } from './credential';
export type {
    CommunicationAccessToken,
    CommunicationGetTokenOptions,
    CommunicationTokenCredential,
    CommunicationTokenRefreshOptions,
} from './credential';
export { DataChannelCallFeature } from './data/data-channel-feature';
export type { DataChannelEvents } from './data/data-channel-feature';
export { DataChannelReceiver } from './data/data-channel-receiver';
export type { DataChannelMessage, DataChannelReceiverEvents } from './data/data-channel-receiver';
export { DataChannelSender } from './data/data-channel-sender';
export type { DataChannelSenderOptions } from './data/data-channel-sender';
export type { DataChannelPriority } from './data/data-pacer';
export type { DataChannelReliability } from './data/data-path';
export type { AudioDeviceInfo, AudioDeviceType, VideoDeviceInfo, VideoDeviceType } from './devices/device-info';
export { DeviceManager } from './devices/device-manager';
export type { DeviceAccess, DeviceManagerEvents } from './devices/device-manager';
export type { EnvironmentInfo } from './environment-info';
export { CallingError } from './errors';
export type { CallingErrorInfo } from './errors';
export { EventSource } from './events';
export type { CollectionUpdate } from './events';
export { CallSurveyFeature } from './features/call-survey';
export type {
    AudioIssue,
    CallRating,
    CallSurvey,
    CallSurveyResponse,
    OverallIssue,
    RatingScale,
    ScreenshareIssue,
    VideoIssue,
} from './features/call-survey';
export { CapabilitiesFeature } from './features/capabilities';
export type {
    CapabilitiesChangedReason,
    CapabilitiesChangeInfo,
    CapabilityResolutionReason,
    ParticipantCapabilities,
    ParticipantCapability,
    ParticipantCapabilityName,
} from './features/capabilities';
export { Captions, CaptionsCallFeature } from './features/captions';
export type {
    CaptionsEvents,
    CaptionsInfo,
    CaptionsKind,
    CaptionsResultType,
    StartCaptionsOptions,
} from './features/captions';
export { DebugInfoCallClientFeature } from './features/debug-info';
export type { DebugInfoDump, DebugInfoEvents } from './features/debug-info';
export { DiagnosticList, DiagnosticQuality } from './features/diagnostics/diagnostic-list';
export type {
    DiagnosticChangedEventArgs,
    DiagnosticFlag,
    DiagnosticValueType,
    LatestDiagnosticValue,
} from './features/diagnostics/diagnostic-list';
export { RemoteDiagnostics, UserFacingDiagnosticsFeature } from './features/diagnostics/user-facing-diagnostics';
export type { MediaDiagnosticType, NetworkDiagnosticType } from './features/diagnostics/diagnostic-types';
export type {
    RemoteDiagnostic,
    RemoteParticipantDiagnosticsData,
} from './features/diagnostics/user-facing-diagnostics';
export { DominantSpeakersCallFeature } from './features/dominant-speakers';
export type { DominantSpeakersEvents, DominantSpeakersInfo } from './features/dominant-speakers';
export { AudioEffectsFeature, VideoEffectsFeature } from './features/effects';
export type {
    ActiveAudioEffects,
    AudioEffectsEvents,
    AudioEffectsStartConfig,
    AudioEffectsStopConfig,
    VideoEffect,
    VideoEffectsEvents,
} from './features/effects';
export type {
    AudioStreamFeatureFactory,
    BaseFeature,
    CallAgentFeatureFactory,
    CallClientFeatureFactory,
    CallFeatureFactory,
    FeatureFactory,
    VideoStreamFeatureFactory,
} from './features/feature';
export { Features } from './features/features';
export { IdleFeature } from './features/idle-feature';
export { ComposedStreamCallFeature, LiveStreamCallFeature } from './features/live-stream';
export type { LiveStreamEvents } from './features/live-stream';
export { MediaAccessCallFeature } from './features/media-access';
export type { MediaAccess, MediaAccessEvents, MeetingMediaAccess } from './features/media-access';
export {
    BreakoutRoomsCallFeature,
    PPTLiveCallFeature,
    TeamsMeetingAudioConferencingCallFeature,
    TogetherModeCallFeature,
} from './features/meetings';
export type {
    BreakoutRoom,
    BreakoutRoomsSettings,
    TeamsMeetingAudioConferencingDetails,
    TogetherModeEvents,
    TogetherModeSeatingPosition,
} from './features/meetings';
export { OptimalVideoCountCallFeature } from './features/optimal-video-count';
export { PreCallDiagnosticsFeature } from './features/pre-call-diagnostics';
export type {
    DeviceAvailabilityGrade,
    DeviceSupportGrade,
    InCallDiagnostics,
    PreCallDiagnosticsResult,
    QualityGrade,
} from './features/pre-call-diagnostics';
export { RaiseHandCallFeature } from './features/raise-hand';
export type { RaisedHand, RaisedHandChangedEvent, RaiseHandEvents } from './features/raise-hand';
export { ReactionCallFeature } from './features/reaction';
export type { Reaction, ReactionEventPayload, ReactionMessage } from './features/reaction';
export { RealTimeTextFeature } from './features/real-time-text';
export type { RealTimeTextInfo } from './features/real-time-text';
export { LocalRecordingCallFeature, LocalRecordingState, RecordingCallFeature, RecordingState } from './features/recording';
export type { LocalRecordingEvents, LocalRecordingInfo, RecordingEvents, RecordingInfo } from './features/recording';
export { SpotlightCallFeature } from './features/spotlight';
export type { SpotlightedParticipant, SpotlightEvents } from './features/spotlight';
export { TranscriptionCallFeature } from './features/transcription';
export type { TranscriptionEvents } from './features/transcription';
export { Transfer, TransferCallFeature } from './features/transfer';
export type {
    TransferErrorCode,
    TransferEvents,
    TransferState,
    TransferToCallLocator,
    TransferToParticipantLocator,
    TransferToParticipantOptions,
    TransferToVoicemailLocator,
} from './features/transfer';
export {
    createIdentifierFromRawId,
    getIdentifierKind,
    getIdentifierRawId,
    isCommunicationUserIdentifier,
    isMicrosoftTeamsAppIdentifier,
    isMicrosoftTeamsUserIdentifier,
    isPhoneNumberIdentifier,
    isUnknownIdentifier,
} from './identifiers';
export type {
    CommunicationCloud,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationUserIdentifier,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsUserIdentifier,
    PhoneNumberIdentifier,
    UnknownIdentifier,
} from './identifiers';
export type { NetworkConfiguration } from './media/ice-servers';
export type {
    AudioSourceChangedEvent,
    CallEndedEvent,
    CapabilitiesChangeHandler,
    CaptionsHandler,
    ChangedParticipantCapabilities,
    CollectionUpdatedEvent,
    CommunicationServicesError,
    ConnectionStateChangedEvent,
    DataChannelSenderOpenOptions,
    Disposable,
    GroupCallLocator,
    IncomingCallEvent,
    LatestMediaDiagnostics,
    LatestNetworkDiagnostics,
    LoweredHandListener,
    MediaStatsReportSampleEvent,
    MediaStatsReportSummaryEvent,
    PropertyChangedEvent,
    RaisedHandListener,
    ReactionListener,
    RealTimeTextReceivedEventHandler,
    ResultCategories,
    RoomCallLocator,
    TeamsMeetingIdLocator,
    TeamsMeetingLinkLocator,
    VideoSourceChangedEvent,
} from './public-types';
export { VideoStreamRenderer, VideoStreamRendererView } from './renderer';
export type { CreateViewOptions, ScalingMode } from './renderer';
export type { CallEndResultCategory } from './result-category';
export { MediaStatsCallFeature, MediaStatsCollector } from './stats/media-stats-feature';
export type { MediaStatsCollectorEvents, MediaStatsCollectorOptions } from './stats/media-stats-feature';
export type {
    AllocationReason,
    CongestionState,
    IncomingAudioMediaStats,
    IncomingScreenShareMediaStats,
    IncomingVideoMediaStats,
    MediaStatsAggregation,
    MediaStatsReport,
    MediaStatsReportSample,
    MediaStatsReportSummary,
    MediaStatValue,
    OutgoingAudioMediaStats,
    OutgoingScreenShareMediaStats,
    OutgoingVideoMediaStats,
    TransportMediaStats,
} from './stats/media-stats-report';
export { LocalAudioStream } from './streams/local-audio-stream';
export type { LocalAudioStreamEvents } from './streams/local-audio-stream';
export { LocalVideoStream } from './streams/local-video-stream';
export type { LocalVideoStreamEvents, MediaStreamType } from './streams/local-video-stream';
export { RemoteAudioStream } from './streams/remote-audio-stream';
export { RemoteVideoStream } from './streams/remote-video-stream';
export type { RemoteVideoStreamEvents, StreamSize, UnavailableReason } from './streams/remote-video-stream';
export { Volume } from './streams/volume';
export type { VolumeEvents } from './streams/volume';
