import { EventSource } from '../events';
import type { BaseFeature } from './feature';

/** Why somebody can do something, or cannot. */
export type CapabilityResolutionReason =
    | 'Capable'
    | 'CapabilityNotApplicableForTheCallType'
    | 'ClientRestricted'
    | 'UserPolicyRestricted'
    | 'RoleRestricted'
    | 'FeatureNotSupported'
    | 'MeetingRestricted'
    | 'NotInitialized'
    | 'NotCapable'
    | 'TeamsPremiumLicenseRestricted';

export interface ParticipantCapability {
    readonly isPresent: boolean;
    readonly reason: CapabilityResolutionReason;
}

export type ParticipantCapabilityName =
    | 'turnVideoOn'
    | 'unmuteMic'
    | 'shareScreen'
    | 'removeParticipant'
    | 'hangUpForEveryOne'
    | 'addCommunicationUser'
    | 'addTeamsUser'
    | 'addPhoneNumber'
    | 'pstnDialOut'
    | 'manageLobby'
    | 'spotlightParticipant'
    | 'removeParticipantsSpotlight'
    | 'blurBackground'
    | 'startLiveMeetingCaptions'
    | 'startLiveCallingCaptions'
    | 'setCaptionLanguage'
    | 'raiseHand'
    | 'muteOthers'
    | 'useReactions'
    | 'viewAttendeeNames'
    | 'hideAttendeeNames'
    | 'startTogetherMode'
    | 'joinBreakoutRooms'
    | 'forbidOthersAudio'
    | 'forbidOthersVideo';

/** Whether the server lets everybody in a call do it, or nobody yet. */
const offers: Record<ParticipantCapabilityName, boolean> = {
    turnVideoOn: true,
    unmuteMic: true,
    shareScreen: true,
    removeParticipant: true,
    hangUpForEveryOne: true,
    addCommunicationUser: true,
    addTeamsUser: false,
    addPhoneNumber: false,
    pstnDialOut: false,
    manageLobby: false,
    spotlightParticipant: true,
    removeParticipantsSpotlight: true,
    blurBackground: false,
    startLiveMeetingCaptions: false,
    startLiveCallingCaptions: false,
    setCaptionLanguage: false,
    raiseHand: true,
    muteOthers: true,
    useReactions: true,
    viewAttendeeNames: true,
    hideAttendeeNames: false,
    startTogetherMode: false,
    joinBreakoutRooms: false,
    forbidOthersAudio: false,
    forbidOthersVideo: false,
};

export type ParticipantCapabilities = Record<ParticipantCapabilityName, ParticipantCapability>;

export type CapabilitiesChangedReason =
    | 'RoleChanged'
    | 'UserPolicyChanged'
    | 'MeetingOptionOrOrganizerPolicyChanged'
    | 'TeamsPremiumLicenseChanged';

export interface CapabilitiesChangeInfo {
    readonly oldValue: Partial<ParticipantCapabilities>;
    readonly newValue: Partial<ParticipantCapabilities>;
    readonly reason: CapabilitiesChangedReason;
}

/** What this device may do in the call. Nobody has a role yet, so it never changes. */
export class CapabilitiesFeature
    extends EventSource<{ capabilitiesChanged: CapabilitiesChangeInfo }>
    implements BaseFeature
{
    readonly name = 'Capabilities';

    get capabilities(): ParticipantCapabilities {
        const devices = (globalThis.navigator as { mediaDevices?: Partial<MediaDevices> } | undefined)?.mediaDevices;
        const missing = new Set<string>([
            ...(devices?.getUserMedia ? [] : ['turnVideoOn', 'unmuteMic']),
            ...(devices?.getDisplayMedia ? [] : ['shareScreen']),
        ]);
        const capability = (name: string, isOffered: boolean): ParticipantCapability => {
            if (!isOffered) return { isPresent: false, reason: 'FeatureNotSupported' };
            if (missing.has(name)) return { isPresent: false, reason: 'ClientRestricted' };
            return { isPresent: true, reason: 'Capable' };
        };
        const entries = Object.entries(offers).map(([name, isOffered]) => [name, capability(name, isOffered)]);
        return Object.fromEntries(entries) as ParticipantCapabilities;
    }

    dispose(): void {}
}
