export { CallClient } from './call-client';
export type { CallAgentOptions, CallClientOptions } from './call-client';
export type { CallEndReason, CallEndResultCategory } from './call-end-reason';
export { CallAgent } from './calls/call-agent';
export type { CallAgentEvents, ConnectionState } from './calls/call-agent';
export { Call } from './calls/call';
export type { CallDirection, CallerInfo, CallEvents, CallInfo, CallState } from './calls/call-types';
export type {
    AcceptCallOptions,
    AudioOptions,
    CallOptions,
    GroupLocator,
    HangUpOptions,
    JoinCallOptions,
    MediaConstraints,
    StartCallOptions,
    VideoOptions,
} from './calls/call-options';
export { DominantSpeakersCallFeature, Features } from './calls/features';
export type { CallFeatureFactory, DominantSpeakersEvents, DominantSpeakersInfo } from './calls/features';
export { IncomingCall } from './calls/incoming-call';
export type { IncomingCallEvents, RejectReason } from './calls/incoming-call';
export type { LocalMediaErrors } from './calls/local-media';
export { RemoteParticipant } from './calls/remote-participant';
export type { RemoteParticipantEvents, RemoteParticipantState } from './calls/remote-participant';
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
export type { CollectionUpdatedEvent } from './events';
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
export { VideoStreamRenderer, VideoStreamRendererView } from './renderer';
export type { CreateViewOptions, ScalingMode } from './renderer';
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
export { LocalVideoStream } from './streams/local-video-stream';
export type { MediaStreamType } from './streams/local-video-stream';
export { RemoteAudioStream } from './streams/remote-audio-stream';
export { RemoteVideoStream } from './streams/remote-video-stream';
export type { RemoteVideoStreamEvents, StreamSize, UnavailableReason } from './streams/remote-video-stream';
export { Volume } from './streams/volume';
export type { VolumeEvents } from './streams/volume';
