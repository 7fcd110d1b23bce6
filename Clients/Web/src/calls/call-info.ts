import { callingError } from '../errors';
import { notOffered } from '../features/idle-feature';
import type { CallRequests } from './call-requests';
import type { CallStatus } from './call-status';
import type { CallInfo } from './call-types';

/** What is known of a call at the moment. */
export function callInfo(status: CallStatus, requests: CallRequests): CallInfo {
    return {
        groupId: status.groupId,
        participantId: requests.participantId,
        roomId: undefined,
        threadId: undefined,
        getServerCallId: async () => {
            await requests.established();
            if (!requests.isEstablished) throw callingError('callEnded');
            return requests.callId;
        },
        getConversationUrl: async () => {
            throw notOffered('The address of a conversation', requests.callId);
        },
    };
}
