/** The most bytes of an app's message; see docs/protocol.md, "Data channels". */
export const maximumPayload = 32_768;

const version = 1;
/** Version, length of the sender's id, channel, sequence number. */
const fixedHeader = 8;

/** A message as the server hands it on. */
export interface ReceivedFrame {
    readonly channelId: number;
    readonly sequenceNumber: number;
    /** Who sent it. */
    readonly participantId: string;
    readonly payload: Uint8Array;
}

/** What the server says of a durable message: that it was taken, or why not. */
export interface Receipt {
    readonly channelId: number;
    readonly sequenceNumber: number;
    /** A word of docs/protocol.md, "Data channels"; undefined when the message was taken. */
    readonly refusal: string | undefined;
}

/** The protocol of a durable channel on which the server sends receipts. */
export const receiptProtocol = 'receipts';

/** A message as it travels to the server, but for its number: `numberFrame` sets that when the message leaves. */
export function encodeFrame(channelId: number, message: ArrayBufferView): Uint8Array {
    const frame = new Uint8Array(fixedHeader + message.byteLength);
    const header = new DataView(frame.buffer);
    header.setUint8(0, version);
    header.setUint16(2, channelId);
    frame.set(new Uint8Array(message.buffer, message.byteOffset, message.byteLength), fixedHeader);
    return frame;
}

export function numberFrame(frame: Uint8Array, sequenceNumber: number): void {
    new DataView(frame.buffer).setUint32(4, sequenceNumber);
}

/** Reads a receipt; undefined for anything else, so for messages of others. */
export function decodeReceipt(received: unknown): Receipt | undefined {
    if (!(received instanceof ArrayBuffer) || received.byteLength < fixedHeader) return undefined;
    const header = new DataView(received);
    if (header.getUint8(0) !== version || header.getUint8(1) !== 0 || header.getUint16(2) === 0) return undefined;
    const refusal = new TextDecoder().decode(new Uint8Array(received, fixedHeader)) || undefined;
    return { channelId: header.getUint16(2), sequenceNumber: header.getUint32(4), refusal };
}

/** Reads what came from the server; undefined for anything that is no message of this protocol. */
export function decodeFrame(received: unknown): ReceivedFrame | undefined {
    if (!(received instanceof ArrayBuffer) || received.byteLength < fixedHeader) return undefined;
    const header = new DataView(received);
    const channelId = header.getUint16(2);
    const start = fixedHeader + header.getUint8(1);
    const length = received.byteLength - start;
    if (header.getUint8(0) !== version || channelId === 0 || length < 0 || length > maximumPayload) return undefined;
    const participantId = String.fromCharCode(...new Uint8Array(received, fixedHeader, start - fixedHeader));
    if (participantId === '') return undefined;
    return { channelId, sequenceNumber: header.getUint32(4), participantId, payload: new Uint8Array(received, start) };
}
