/**
 * What a replica and the gateway say to each other on a link of their own, a stream. A message is
 *   version u8 · type u8 · body
 * and the stream cuts messages apart (host/framing.ts). A decoder survives any bytes: it throws
 * {@link MessageError} and nothing else.
 *
 * The replica begins with `hello`, the gateway answers with `welcome` or `refused`. A replica that
 * speaks for the machine then says so by `announce`; outputs after it go by its token. The gateway
 * listens to one link, that of the highest token it knows (protocol.md §4 rules 2 and 17): to any
 * other it says `refused`, and the token that is higher.
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { readOutput, writeOutput } from '../hypervisor/output-codec.ts';
import type { Input } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import { MessageError } from './messages.ts';
import type { Token } from './ports.ts';

/** Grows with every change of the format; a peer of another version is not understood. */
const VERSION = 2;

/** Longest message in bytes: a frame or console bytes of a guest, names, and numbers. */
export const MAX_GATEWAY_MESSAGE_BYTES = 128 * 1024;

/** What leaves a machine by way of the gateway: everything but disk requests. */
export type GatewayOutput = Exclude<Output, { kind: 'disk' }>;
/** What reaches a machine by way of the gateway. */
export type GatewayInput = Extract<Input, { kind: 'packet' | 'console' }>;

/** What one of them says. */
export type GatewayMessage =
  /** Of a replica, first: which machine it belongs to; `owner` names its process. */
  | { readonly kind: 'hello'; readonly machine: string; readonly owner: string }
  /** Of the gateway, to a hello: the highest token that it knows, 0 for none. */
  | { readonly kind: 'welcome'; readonly token: Token }
  /** Of a replica: from now on it speaks for the machine with `token`. */
  | { readonly kind: 'announce'; readonly token: Token }
  /** Of a replica: an output that it has released, the `ordinal`th of the machine's life. */
  | { readonly kind: 'output'; readonly ordinal: number; readonly output: GatewayOutput }
  /** Of the gateway: it knows `token`, which is higher; or it belongs to another machine. */
  | { readonly kind: 'refused'; readonly why: 'token' | 'machine'; readonly token: Token }
  /** Of the gateway: all outputs up to the `ordinal`th have arrived (rule 5). */
  | { readonly kind: 'released'; readonly ordinal: number }
  /** Of the gateway: something from outside for the guest. */
  | { readonly kind: 'input'; readonly input: GatewayInput };

const TYPES: readonly GatewayMessage['kind'][] = [
  'hello',
  'welcome',
  'announce',
  'output',
  'refused',
  'released',
  'input',
];
const REFUSALS = ['token', 'machine'] as const;
const INPUTS = ['packet', 'console'] as const;

/** One message as bytes. */
export function encodeGatewayMessage(message: GatewayMessage): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).u8(TYPES.indexOf(message.kind));
  switch (message.kind) {
    case 'hello':
      writer.text(message.machine).text(message.owner);
      break;
    case 'welcome':
    case 'announce':
      writer.varint(message.token);
      break;
    case 'output':
      writeOutput(writer.varint(message.ordinal), message.output);
      break;
    case 'refused':
      writer.u8(REFUSALS.indexOf(message.why)).varint(message.token);
      break;
    case 'released':
      writer.varint(message.ordinal);
      break;
    case 'input':
      writer.u8(INPUTS.indexOf(message.input.kind)).blob(message.input.bytes);
      break;
  }
  return writer.take();
}

/** The message that `bytes` are, exactly. @throws MessageError when they are not one. */
export function decodeGatewayMessage(bytes: Uint8Array): GatewayMessage {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION)
      throw new MessageError(`expected version ${VERSION} of the gateway's link, got ${version}`);
    const message = decodeBody(reader.u8(), reader);
    if (reader.left > 0) throw new MessageError(`${reader.left} bytes too many in a message`);
    return message;
  } catch (error) {
    if (error instanceof BytesError) throw new MessageError(error.message);
    throw error;
  }
}

function decodeBody(type: number, reader: ByteReader): GatewayMessage {
  const kind = TYPES[type];
  switch (kind) {
    case 'hello':
      return { kind, machine: reader.text(), owner: reader.text() };
    case 'welcome':
    case 'announce':
      return { kind, token: reader.varint() };
    case 'output': {
      const [ordinal, output] = [reader.varint(), readOutput(reader)];
      if (output.kind === 'disk') throw new MessageError('a disk request on the gateway’s link');
      return { kind, ordinal, output };
    }
    case 'refused': {
      const why = REFUSALS[reader.u8()];
      if (!why) throw new MessageError('an unknown reason for a refusal');
      return { kind, why, token: reader.varint() };
    }
    case 'released':
      return { kind, ordinal: reader.varint() };
    case 'input': {
      const what = INPUTS[reader.u8()];
      if (!what) throw new MessageError('an unknown kind of input');
      return { kind, input: { kind: what, bytes: reader.blob() } };
    }
    case undefined:
      throw new MessageError(`unknown message type ${type}`);
  }
}
