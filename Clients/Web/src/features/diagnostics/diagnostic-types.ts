/** What can be found out about the network. */
export type NetworkDiagnosticType =
    | 'networkReconnect'
    | 'networkReceiveQuality'
    | 'networkSendQuality'
    | 'noNetwork'
    | 'networkRelaysNotReachable';

/** What can be found out about devices and what they deliver. */
export type MediaDiagnosticType =
    | 'speakingWhileMicrophoneIsMuted'
    | 'noSpeakerDevicesEnumerated'
    | 'noMicrophoneDevicesEnumerated'
    | 'cameraFreeze'
    | 'cameraStartFailed'
    | 'cameraStartTimedOut'
    | 'cameraStoppedUnexpectedly'
    | 'cameraPermissionDenied'
    | 'capturerStartFailed'
    | 'capturerStoppedUnexpectedly'
    | 'microphoneNotFunctioning'
    | 'microphoneMuteUnexpectedly'
    | 'microphonePermissionDenied'
    | 'screenshareRecordingDisabled';
