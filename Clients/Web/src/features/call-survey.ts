import { IdleFeature } from './idle-feature';

export interface RatingScale {
    lowerBound: number;
    upperBound: number;
    lowScoreThreshold: number;
}

export interface CallRating<Issue extends string> {
    score: number;
    issues?: Issue[];
    scale?: RatingScale;
}

export type OverallIssue =
    | 'CallCannotJoin'
    | 'CallCannotInvite'
    | 'HadToRejoin'
    | 'CallEndedUnexpectedly'
    | 'OtherIssues';

export type AudioIssue =
    | 'NoLocalAudio'
    | 'NoRemoteAudio'
    | 'Echo'
    | 'AudioNoise'
    | 'LowVolume'
    | 'AudioStoppedUnexpectedly'
    | 'DistortedSpeech'
    | 'AudioInterruption'
    | 'OtherIssues';

export type VideoIssue =
    | 'NoVideoReceived'
    | 'NoVideoSent'
    | 'LowQuality'
    | 'Freezes'
    | 'StoppedUnexpectedly'
    | 'DarkVideoReceived'
    | 'AudioVideoOutOfSync'
    | 'OtherIssues';

export type ScreenshareIssue =
    | 'NoContentLocal'
    | 'NoContentRemote'
    | 'CannotPresent'
    | 'LowQuality'
    | 'Freezes'
    | 'StoppedUnexpectedly'
    | 'LargeDelay'
    | 'OtherIssues';

/** What somebody thinks of the call. */
export interface CallSurvey {
    overallRating?: CallRating<OverallIssue>;
    audioRating?: CallRating<AudioIssue>;
    videoRating?: CallRating<VideoIssue>;
    screenshareRating?: CallRating<ScreenshareIssue>;
}

export interface CallSurveyResponse extends CallSurvey {
    readonly id: string;
    readonly callId: string;
    readonly localParticipantId: string;
}

/** Tells the server what somebody thinks of the call. Not offered yet. */
export class CallSurveyFeature extends IdleFeature<object> {
    readonly name = 'CallSurvey';

    submitSurvey(_survey: CallSurvey): Promise<CallSurveyResponse> {
        return this.refuse('submitSurvey');
    }
}
