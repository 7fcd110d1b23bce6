import { DataChannelCallFeature } from '../data/data-channel-feature';
import { MediaStatsCallFeature } from '../stats/media-stats-feature';
import { CallSurveyFeature } from './call-survey';
import { CapabilitiesFeature } from './capabilities';
import { CaptionsCallFeature } from './captions';
import { DebugInfoCallClientFeature } from './debug-info';
import { UserFacingDiagnosticsFeature } from './diagnostics/user-facing-diagnostics';
import { DominantSpeakersCallFeature } from './dominant-speakers';
import { AudioEffectsFeature, VideoEffectsFeature } from './effects';
import type {
    AudioStreamFeatureFactory,
    CallClientFeatureFactory,
    CallFeatureFactory,
    VideoStreamFeatureFactory,
} from './feature';
import { ComposedStreamCallFeature, LiveStreamCallFeature } from './live-stream';
import { MediaAccessCallFeature } from './media-access';
import {
    BreakoutRoomsCallFeature,
    PPTLiveCallFeature,
    TeamsMeetingAudioConferencingCallFeature,
    TogetherModeCallFeature,
} from './meetings';
import { OptimalVideoCountCallFeature } from './optimal-video-count';
import { PreCallDiagnosticsFeature } from './pre-call-diagnostics';
import { RaiseHandCallFeature } from './raise-hand';
import { ReactionCallFeature } from './reaction';
import { RealTimeTextFeature } from './real-time-text';
import { LocalRecordingCallFeature, RecordingCallFeature } from './recording';
import { SpotlightCallFeature } from './spotlight';
import { TranscriptionCallFeature } from './transcription';
import { TransferCallFeature } from './transfer';

const ofCall = <Feature>(name: string, callApiCtor: new (context: never) => Feature) => ({ name, callApiCtor });
const ofClient = <Feature>(name: string, callClientApiCtor: new (context: never) => Feature) => ({
    name,
    callClientApiCtor,
});

/** The extras that `feature` of calls, clients and streams knows. */
export const Features: {
    readonly BreakoutRooms: CallFeatureFactory<BreakoutRoomsCallFeature>;
    readonly CallSurvey: CallFeatureFactory<CallSurveyFeature>;
    readonly Capabilities: CallFeatureFactory<CapabilitiesFeature>;
    readonly Captions: CallFeatureFactory<CaptionsCallFeature>;
    readonly ComposedStream: CallFeatureFactory<ComposedStreamCallFeature>;
    readonly DataChannel: CallFeatureFactory<DataChannelCallFeature>;
    readonly DominantSpeakers: CallFeatureFactory<DominantSpeakersCallFeature>;
    readonly LiveStream: CallFeatureFactory<LiveStreamCallFeature>;
    readonly LocalRecording: CallFeatureFactory<LocalRecordingCallFeature>;
    readonly MediaAccess: CallFeatureFactory<MediaAccessCallFeature>;
    readonly MediaStats: CallFeatureFactory<MediaStatsCallFeature>;
    readonly OptimalVideoCount: CallFeatureFactory<OptimalVideoCountCallFeature>;
    readonly PPTLive: CallFeatureFactory<PPTLiveCallFeature>;
    readonly RaiseHand: CallFeatureFactory<RaiseHandCallFeature>;
    readonly Reaction: CallFeatureFactory<ReactionCallFeature>;
    readonly RealTimeText: CallFeatureFactory<RealTimeTextFeature>;
    readonly Recording: CallFeatureFactory<RecordingCallFeature>;
    readonly Spotlight: CallFeatureFactory<SpotlightCallFeature>;
    readonly TeamsMeetingAudioConferencing: CallFeatureFactory<TeamsMeetingAudioConferencingCallFeature>;
    readonly TogetherMode: CallFeatureFactory<TogetherModeCallFeature>;
    readonly Transcription: CallFeatureFactory<TranscriptionCallFeature>;
    readonly Transfer: CallFeatureFactory<TransferCallFeature>;
    readonly UserFacingDiagnostics: CallFeatureFactory<UserFacingDiagnosticsFeature>;
    readonly DebugInfo: CallClientFeatureFactory<DebugInfoCallClientFeature>;
    readonly PreCallDiagnostics: CallClientFeatureFactory<PreCallDiagnosticsFeature>;
    readonly AudioEffects: AudioStreamFeatureFactory<AudioEffectsFeature>;
    readonly VideoEffects: VideoStreamFeatureFactory<VideoEffectsFeature>;
} = {
    BreakoutRooms: ofCall('BreakoutRooms', BreakoutRoomsCallFeature),
    CallSurvey: ofCall('CallSurvey', CallSurveyFeature),
    Capabilities: ofCall('Capabilities', CapabilitiesFeature),
    Captions: ofCall('Captions', CaptionsCallFeature),
    ComposedStream: ofCall('ComposedStream', ComposedStreamCallFeature),
    DataChannel: ofCall('DataChannel', DataChannelCallFeature),
    DominantSpeakers: ofCall('DominantSpeakers', DominantSpeakersCallFeature),
    LiveStream: ofCall('LiveStream', LiveStreamCallFeature),
    LocalRecording: ofCall('LocalRecording', LocalRecordingCallFeature),
    MediaAccess: ofCall('MediaAccess', MediaAccessCallFeature),
    MediaStats: ofCall('MediaStats', MediaStatsCallFeature),
    OptimalVideoCount: ofCall('OptimalVideoCount', OptimalVideoCountCallFeature),
    PPTLive: ofCall('PPTLive', PPTLiveCallFeature),
    RaiseHand: ofCall('RaiseHand', RaiseHandCallFeature),
    Reaction: ofCall('Reaction', ReactionCallFeature),
    RealTimeText: ofCall('RealTimeText', RealTimeTextFeature),
    Recording: ofCall('Recording', RecordingCallFeature),
    Spotlight: ofCall('Spotlight', SpotlightCallFeature),
    TeamsMeetingAudioConferencing: ofCall('TeamsMeetingAudioConferencing', TeamsMeetingAudioConferencingCallFeature),
    TogetherMode: ofCall('TogetherMode', TogetherModeCallFeature),
    Transcription: ofCall('Transcription', TranscriptionCallFeature),
    Transfer: ofCall('Transfer', TransferCallFeature),
    UserFacingDiagnostics: ofCall('UserFacingDiagnostics', UserFacingDiagnosticsFeature),
    DebugInfo: ofClient('DebugInfo', DebugInfoCallClientFeature),
    PreCallDiagnostics: ofClient('PreCallDiagnostics', PreCallDiagnosticsFeature),
    AudioEffects: { name: 'AudioEffects', audioStreamApiCtor: AudioEffectsFeature },
    VideoEffects: { name: 'VideoEffects', videoStreamApiCtor: VideoEffectsFeature },
};
