// The built module, as an app gets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as library from '../build/public.js';

test('exports what apps need, and nothing of the inside', () => {
    assert.deepEqual(Object.keys(library).sort(), [
        'AudioEffectsFeature',
        'AzureCommunicationTokenCredential',
        'BreakoutRoomsCallFeature',
        'Call',
        'CallAgent',
        'CallAgentKind',
        'CallClient',
        'CallKind',
        'CallSurveyFeature',
        'CallingError',
        'CapabilitiesFeature',
        'Captions',
        'CaptionsCallFeature',
        'ComposedStreamCallFeature',
        'DataChannelCallFeature',
        'DataChannelReceiver',
        'DataChannelSender',
        'DebugInfoCallClientFeature',
        'DeviceManager',
        'DiagnosticList',
        'DiagnosticQuality',
        'DominantSpeakersCallFeature',
        'EventSource',
        'Features',
        'IdleFeature',
        'IncomingCall',
        'IncomingCallKind',
        'LiveStreamCallFeature',
        'Lobby',
        'LocalAudioStream',
        'LocalRecordingCallFeature',
        'LocalRecordingState',
        'LocalVideoStream',
        'MediaAccessCallFeature',
        'MediaStatsCallFeature',
        'MediaStatsCollector',
        'OptimalVideoCountCallFeature',
        'PPTLiveCallFeature',
        'PreCallDiagnosticsFeature',
        'RaiseHandCallFeature',
        'ReactionCallFeature',
        'RealTimeTextFeature',
        'RecordingCallFeature',
        'RecordingState',
        'RemoteAudioStream',
        'RemoteDiagnostics',
        'RemoteParticipant',
        'RemoteVideoStream',
        'SpotlightCallFeature',
        'TeamsMeetingAudioConferencingCallFeature',
        'TogetherModeCallFeature',
        'TranscriptionCallFeature',
        'Transfer',
        'TransferCallFeature',
        'UserFacingDiagnosticsFeature',
        'VideoEffectsFeature',
        'VideoStreamRenderer',
        'VideoStreamRendererView',
        'Volume',
        'createIdentifierFromRawId',
        'getIdentifierKind',
        'getIdentifierRawId',
        'isCommunicationUserIdentifier',
        'isMicrosoftTeamsAppIdentifier',
        'isMicrosoftTeamsUserIdentifier',
        'isPhoneNumberIdentifier',
        'isUnknownIdentifier',
    ]);
});

test('has the names of the object model', () => {
    const has = (type, names) => {
        for (const name of names.split(' ')) assert.ok(name in type.prototype, `${type.name}.${name}`);
    };
    has(library.CallClient, 'createCallAgent getDeviceManager getEnvironmentInfo');
    has(library.CallAgent, 'calls displayName connectionState startCall join dispose on off');
    has(library.IncomingCall, 'info callEndReason accept reject on off');
    has(
        library.Call,
        'id kind state callEndReason direction info isMuted isIncomingAudioMuted isScreenSharingOn ' +
            'isLocalVideoStarted localVideoStreams localAudioStreams remoteAudioStreams remoteParticipants ' +
            'totalParticipantCount hangUp mute unmute muteIncomingAudio unmuteIncomingAudio muteAllRemoteParticipants ' +
            'startAudio stopAudio startVideo stopVideo startScreenSharing stopScreenSharing hold resume ' +
            'addParticipant removeParticipant setConstraints feature on off',
    );
    has(
        library.RemoteParticipant,
        'identifier displayName state callEndReason isMuted isSpeaking videoStreams endpointDetails mute on off',
    );
    has(library.LocalVideoStream, 'source mediaStreamType switchSource setMediaStream getMediaStream');
    has(library.LocalAudioStream, 'source mediaStreamType switchSource volume');
    has(library.RemoteVideoStream, 'mediaStreamType isAvailable isReceiving size getMediaStream on off');
    has(library.RemoteAudioStream, 'volume getMediaStream');
    has(library.VideoStreamRenderer, 'createView dispose');
    has(library.VideoStreamRendererView, 'scalingMode isMirrored updateScalingMode dispose');
    has(
        library.DeviceManager,
        'getCameras getMicrophones getSpeakers selectedMicrophone selectedSpeaker selectMicrophone selectSpeaker ' +
            'isSpeakerSelectionAvailable askDevicePermission on off',
    );
    has(library.MediaStatsCallFeature, 'createCollector dispose');
    has(library.MediaStatsCollector, 'dispose on off');
    has(library.DataChannelCallFeature, 'createDataChannelSender on off');
    has(library.DataChannelSender, 'sendMessage setParticipants close');
    has(library.DataChannelReceiver, 'readMessage on off');
    assert.equal(library.Features.DataChannel.name, 'DataChannel');
    assert.equal(library.Features.DominantSpeakers.name, 'DominantSpeakers');
    assert.equal(library.Features.MediaStats.name, 'MediaStats');
});
