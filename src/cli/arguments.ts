/**
 * Option values: from the words of the command line to numbers, with errors that say what to write.
 */
import { InvalidArgumentError, Option } from 'commander';
import { parseSize, parseTimeNs } from '../base/units.ts';
import type { PublishSpec } from '../host/listen.ts';

/** Bytes: 4096, 64K, 16M, 1G. */
export function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('Write a size such as 64K or 16M.');
  return bytes;
}

/** Nanoseconds: 200us, 10ms, 1.5s. */
export function time(text: string): number {
  const ns = parseTimeNs(text);
  if (ns === undefined) throw new InvalidArgumentError('Write a time such as 200us, 10ms or 1s.');
  return ns;
}

/** A whole number ≥ 0; decimal, or hexadecimal with 0x. Powers of ten may be written 1e9. */
export function wholeNumber(text: string): number {
  const value = /^(\d+|0x[0-9a-f]+|\d+e\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Write a whole number.');
  return value;
}

/** A positive number, not necessarily whole. */
export function positive(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0)) throw new InvalidArgumentError('Write a positive number.');
  return value;
}

/** Collects a repeatable option. */
export function repeated(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** The option `--tap`. */
export const tapOption = (): Option =>
  new Option(
    '--tap <NAME>',
    'put the guest on the LAN of a TAP interface of Linux, which exists',
  ).argParser(interfaceName);

function interfaceName(text: string): string {
  if (/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Write 1 to 15 letters, digits, dots, dashes or underscores, such as tap0.',
  );
}

const PUBLISH = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+):(\d+)(?:\/(udp|tcp))?$/;

/** [HOST:]PORT:GUESTPORT[/udp|/tcp]; the host is 127.0.0.1 and the protocol tcp by default. */
export function publish(text: string, before: readonly PublishSpec[] | undefined): PublishSpec[] {
  const [, host, port, guestPort, protocol = 'tcp'] = PUBLISH.exec(text) ?? [];
  const ports = [Number(port), Number(guestPort)];
  if (!ports.every((p) => p > 0 && p < 65536))
    throw new InvalidArgumentError(
      'Write [HOST:]PORT:GUESTPORT[/tcp|/udp], such as 8080:80, 7000:7/udp or [::]:8080:80/tcp; ' +
        'ports are 1 to 65535.',
    );
  return [
    ...(before ?? []),
    {
      host: host?.replace(/^\[|\]$/g, '') ?? '127.0.0.1',
      port: ports[0]!,
      guestPort: ports[1]!,
      protocol: protocol as 'udp' | 'tcp',
    },
  ];
}
