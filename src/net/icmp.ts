/**
 * ICMP messages (RFC 792) as far as a host needs them: echo, and "destination unreachable". Type
 * and code (one byte each), checksum (2), four bytes that depend on the type, data.
 */
import { checksum, onesSum } from './checksum.ts';

const HEADER_BYTES = 8;
const TYPE_ECHO_REPLY = 0;
const TYPE_UNREACHABLE = 3;
const TYPE_ECHO_REQUEST = 8;

/** Code of "nobody listens at that port". */
export const UNREACHABLE_PORT = 3;

/** The messages that are understood: echo, and unreachable destinations. */
export type IcmpMessage =
  | {
      readonly kind: 'echo-request' | 'echo-reply';
      /** 0 … 0xFFFF; a reply repeats both numbers and the data. */
      readonly identifier: number;
      readonly sequence: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: 'unreachable';
      /** 0 … 255; UNREACHABLE_… */
      readonly code: number;
      /** Header and first eight bytes of the packet that could not be delivered. */
      readonly original: Uint8Array;
    };

/**
 * The message that `bytes` are (its data is a view of them); undefined if they are too short, their
 * checksum is wrong, or the message is of another kind.
 */
export function parseIcmp(bytes: Uint8Array): IcmpMessage | undefined {
  if (bytes.length < HEADER_BYTES || onesSum(bytes) !== 0xffff) return undefined;
  const [type, code] = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const rest = bytes.subarray(HEADER_BYTES);
  if (type === TYPE_UNREACHABLE && view.getUint32(4) === 0)
    return { kind: 'unreachable', code: code!, original: rest };
  if ((type !== TYPE_ECHO_REQUEST && type !== TYPE_ECHO_REPLY) || code !== 0) return undefined;
  return {
    kind: type === TYPE_ECHO_REQUEST ? 'echo-request' : 'echo-reply',
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
    data: rest,
  };
}

/** The bytes of `message`, with its checksum. */
export function emitIcmp(message: IcmpMessage): Uint8Array {
  const rest = message.kind === 'unreachable' ? message.original : message.data;
  const bytes = new Uint8Array(HEADER_BYTES + rest.length);
  const view = new DataView(bytes.buffer);
  bytes.set(rest, HEADER_BYTES);
  if (message.kind === 'unreachable') {
    bytes[0] = TYPE_UNREACHABLE;
    bytes[1] = message.code;
  } else {
    bytes[0] = message.kind === 'echo-request' ? TYPE_ECHO_REQUEST : TYPE_ECHO_REPLY;
    view.setUint16(4, message.identifier);
    view.setUint16(6, message.sequence);
  }
  view.setUint16(2, checksum(bytes));
  return bytes;
}
