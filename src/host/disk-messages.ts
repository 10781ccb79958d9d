/**
 * What replicas and disk server say to each other, a message a frame (framing.ts). The first byte
 * is the kind, numbers are varints:
 *
 *   replica to server   0 hello     version, machine, host
 *                       1 fence     token
 *                       2 request   token, u8 1 of a backup that reads for itself, request
 *   server to replica   8 welcome   version, fence
 *                       9 refusal   why, in words; the connection ends
 *                      10 fenced    token at which the fence stands
 *                      11 stale     the same, of a request that came with a lower one
 *                      12 done      id, u8 flags (1 succeeded, 2 of a backup's own read), data
 *
 * A decoder survives any bytes: it throws BytesError and nothing else.
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { MAX_DISK_REQUEST_BYTES } from '../base/limits.ts';
import type { Token } from '../ft/ports.ts';
import { readOutput, writeOutput } from '../hypervisor/output-codec.ts';
import type { DiskRequest } from '../machine/output.ts';

/** Grows with every change of the format. */
export const DISK_VERSION = 1;

/** Longest message in bytes: a request or an answer with the most data, and what goes with them. */
export const MAX_DISK_MESSAGE_BYTES = MAX_DISK_REQUEST_BYTES + 256;

/** A message in either direction. */
export type DiskMessage =
  | {
      readonly kind: 'hello';
      readonly version: number;
      readonly machine: string;
      readonly host: string;
    }
  | { readonly kind: 'fence' | 'fenced' | 'stale'; readonly token: Token }
  | {
      readonly kind: 'request';
      readonly token: Token;
      /** A backup reads for itself; no request of the guest is answered. */
      readonly local: boolean;
      readonly request: DiskRequest;
    }
  | { readonly kind: 'welcome'; readonly version: number; readonly fence: Token }
  | { readonly kind: 'refusal'; readonly reason: string }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly ok: boolean;
      readonly local: boolean;
      /** Of a read that succeeded. */
      readonly data?: Uint8Array;
    };

const KINDS: Readonly<Record<DiskMessage['kind'], number>> = {
  hello: 0,
  fence: 1,
  request: 2,
  welcome: 8,
  refusal: 9,
  fenced: 10,
  stale: 11,
  done: 12,
};

/** Unit of a disk. */
const SECTOR_BYTES = 512;

const OK = 1;
const LOCAL = 2;
const DATA = 4;

/** One message as bytes. */
export function encodeDiskMessage(message: DiskMessage): Uint8Array {
  const writer = new ByteWriter().u8(KINDS[message.kind]);
  switch (message.kind) {
    case 'hello':
      writer.varint(message.version).text(message.machine).text(message.host);
      break;
    case 'fence':
    case 'fenced':
    case 'stale':
      writer.varint(message.token);
      break;
    case 'request':
      writer.varint(message.token).u8(message.local ? LOCAL : 0);
      writeOutput(writer, { kind: 'disk', request: message.request });
      break;
    case 'welcome':
      writer.varint(message.version).varint(message.fence);
      break;
    case 'refusal':
      writer.text(message.reason);
      break;
    case 'done': {
      const { id, ok, local, data } = message;
      writer.varint(id).u8((ok ? OK : 0) | (local ? LOCAL : 0) | (data ? DATA : 0));
      if (data) writer.blob(data);
      break;
    }
  }
  return writer.take();
}

/** The message that `bytes` are, exactly; throws BytesError when they are not one. */
export function decodeDiskMessage(bytes: Uint8Array): DiskMessage {
  const reader = new ByteReader(bytes);
  const message = readMessage(reader);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
  return message;
}

function readMessage(reader: ByteReader): DiskMessage {
  const code = reader.u8();
  switch (code) {
    case KINDS.hello: {
      const version = reader.varint();
      return { kind: 'hello', version, machine: reader.text(), host: reader.text() };
    }
    case KINDS.fence:
      return { kind: 'fence', token: reader.varint() };
    case KINDS.fenced:
      return { kind: 'fenced', token: reader.varint() };
    case KINDS.stale:
      return { kind: 'stale', token: reader.varint() };
    case KINDS.request:
      return readRequest(reader);
    case KINDS.welcome:
      return { kind: 'welcome', version: reader.varint(), fence: reader.varint() };
    case KINDS.refusal:
      return { kind: 'refusal', reason: reader.text() };
    case KINDS.done: {
      const [id, flags] = [reader.varint(), reader.u8()];
      const done = { kind: 'done', id, ok: (flags & OK) > 0, local: (flags & LOCAL) > 0 } as const;
      return flags & DATA ? { ...done, data: reader.blob() } : done;
    }
    default:
      throw new BytesError(`unknown kind ${code} of a disk message`, 0);
  }
}

function readRequest(reader: ByteReader): DiskMessage {
  const [token, flags, at] = [reader.varint(), reader.u8(), reader.offset];
  const output = readOutput(reader);
  if (output.kind !== 'disk') throw new BytesError('a disk request expected', at);
  const { op, sectors, data } = output.request;
  if (op === 'write' && data?.length !== sectors * SECTOR_BYTES)
    throw new BytesError(`a write of ${sectors} sectors with other data`, at);
  if (sectors * SECTOR_BYTES > MAX_DISK_REQUEST_BYTES)
    throw new BytesError(`a request of ${sectors} sectors is too large`, at);
  return { kind: 'request', token, local: (flags & LOCAL) > 0, request: output.request };
}
