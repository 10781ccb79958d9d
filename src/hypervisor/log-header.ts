/**
 * What a recording says about itself before its first entry: everything that a replay needs besides
 * the entries, so that the file replays anywhere. Stored as plain data (machine/plain.ts).
 */
import { BytesError } from '../base/bytes.ts';
import { decodePlain, encodePlain, type Plain } from '../machine/plain.ts';
import type { MachineConfig, VirtioSpec } from '../machine/types.ts';

export interface LogHeader {
  readonly machine: MachineConfig;
  /** The guest image, as it was loaded. */
  readonly image: Uint8Array;
  /** Whatever else the recorder's user wants to find again; nothing here depends on it. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

type Fields = { readonly [key: string]: Plain };

/** The header as bytes. */
export function encodeHeader({ machine, image, settings }: LogHeader): Uint8Array {
  const { ramBytes, commandLine, strict, loadAddress, entry } = machine;
  const slots = machine.slots.map((slot) => ({ ...slot }));
  const config: Plain = {
    ramBytes,
    commandLine,
    slots,
    strict,
    ...(loadAddress === undefined ? {} : { loadAddress }),
    ...(entry === undefined ? {} : { entry }),
  };
  return encodePlain({ machine: config, image, settings });
}

/** The inverse of {@link encodeHeader}; throws BytesError for bytes that are none. */
export function decodeHeader(bytes: Uint8Array): LogHeader {
  const fields = asFields(decodePlain(bytes), 'header');
  const { image } = fields;
  if (!(image instanceof Uint8Array)) throw wrong('image', 'bytes');
  const machine = configOf(asFields(fields.machine, 'machine'));
  return { machine, image, settings: settingsOf(asFields(fields.settings, 'settings')) };
}

const wrong = (name: string, expected: string): BytesError =>
  new BytesError(`the header has no ${name} that is ${expected}`, 0);

function asFields(value: Plain | undefined, name: string): Fields {
  const isFields =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array);
  if (!isFields) throw wrong(name, 'a record');
  return value as Fields;
}

function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number') throw wrong(name, 'a number');
  return value;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw wrong(name, 'a text');
  return value;
}

function configOf(fields: Fields): MachineConfig {
  const { slots, strict } = fields;
  if (!Array.isArray(slots)) throw wrong('slots', 'a list');
  if (typeof strict !== 'boolean') throw wrong('strict', 'true or false');
  return {
    ramBytes: numberOf(fields, 'ramBytes'),
    commandLine: textOf(fields, 'commandLine'),
    slots: slots.map((slot) => slotOf(asFields(slot, 'slot'))),
    strict,
    ...(fields.loadAddress === undefined ? {} : { loadAddress: numberOf(fields, 'loadAddress') }),
    ...(fields.entry === undefined ? {} : { entry: numberOf(fields, 'entry') }),
  };
}

function slotOf(fields: Fields): VirtioSpec {
  const { kind } = fields;
  switch (kind) {
    case 'block':
      return { kind, sectors: numberOf(fields, 'sectors') };
    case 'net':
      return { kind, mac: textOf(fields, 'mac') };
    case 'entropy':
    case 'empty':
      return { kind };
    default:
      throw wrong('slot', 'block, net, entropy or empty');
  }
}

function settingsOf(fields: Fields): LogHeader['settings'] {
  for (const [name, value] of Object.entries(fields)) {
    const fits = ['string', 'number', 'boolean'].includes(typeof value);
    if (!fits) throw wrong(`setting ${name}`, 'a text, a number, true or false');
  }
  return fields as LogHeader['settings'];
}
