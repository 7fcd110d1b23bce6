// What the tests see: the public library, and the parts inside that are tested by themselves.
export * from '../src/index';
export { AudioOutput } from '../src/media/audio-output';
export { preferredCodecs } from '../src/media/codecs';
export { DataPacer } from '../src/data/data-pacer';
export { DataPath } from '../src/data/data-path';
export { decodeFrame, encodeFrame, numberFrame } from '../src/data/data-frame';
export { RateLimit } from '../src/data/rate-limit';
export { MediaSession } from '../src/media/media-session';
export { withOpusWishes, simulcastMids } from '../src/media/sdp';
export { SendLine } from '../src/media/send-line';
export { activeLayers, layerSettings } from '../src/media/simulcast';
export { SlotTable } from '../src/media/slot-table';
export { asCallingError, callingError, captureError } from '../src/errors';
export { callEndReason } from '../src/call-end-reason';
export { environmentInfo } from '../src/environment-info';
export { BackOff } from '../src/signalling/back-off';
export { SignallingConnection } from '../src/signalling/connection';
export { parseServerMessage } from '../src/signalling/protocol';
