/**
 * Mechanisms of the hypervisor that a scenario can leave out, to show what each is for; the rules
 * of the protocol are switched off in ft (Rules). They are left out round the backup's replayer and
 * round the disk: what they are for works without knowing of it.
 *
 *   log:KIND       inputs of this kind are not in the log: a backup reads its own clock, counter or
 *                  entropy, and other inputs never reach it
 *   lag            the backup does not stay an entry behind: it runs on when it has none
 *   count          ticks come to the backup by its own time, not at the logged instruction
 *   bounce-buffer  what a disk reads goes into the guest's memory at once
 *   backup         the first host runs the machine alone; when it dies, an operator starts it anew
 *                  (cold-start.ts)
 *   rule-for-reads  the primary's driver sends replies to reads at once, whatever the core says
 *   disk-copy      a clone leaves out the disks that each host has of its own
 *   mirror         a backup with disks of its own does not write to them
 */
import { assert } from '../base/assert.ts';
import { MAX_ENTROPY_BYTES } from '../base/limits.ts';
import type { Need } from '../cpu/bus.ts';
import { INPUT_KINDS, type LogEntry, type Sources } from '../hypervisor/entry.ts';
import type { ReplayerOptions } from '../hypervisor/replayer.ts';
import type { Input } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import { datagramText } from './describe.ts';

/** What can be left out. */
export const LEFT_OUT: readonly string[] = [
  'lag',
  'count',
  'bounce-buffer',
  'rule-for-reads',
  'backup',
  'disk-copy',
  'mirror',
  ...INPUT_KINDS.map((kind) => `log:${kind}`),
];

/** The options of a backup's replayer on a host with these sources. */
export function replayWithout(
  leftOut: readonly string[],
  sources: Sources,
  count: () => number,
): Pick<ReplayerOptions, 'lag' | 'instead'> {
  const unlogged = leftOut.filter((name) => name.startsWith('log:')).map((name) => name.slice(4));
  const instead = (input: Input): Input | undefined =>
    unlogged.includes(input.kind) ? ownReading(input, sources, count()) : input;
  return {
    lag: !leftOut.includes('lag'),
    ...(unlogged.length > 0 ? { instead } : {}),
  };
}

/** What the host itself would answer; nothing for what is no reading. */
function ownReading(input: Input, sources: Sources, count: number): Input | undefined {
  const need = needFor(input);
  return need && sources.read(need, count);
}

function needFor(input: Input): Need | undefined {
  switch (input.kind) {
    case 'tsc':
    case 'timeNs':
    case 'timeOfDay':
      return { kind: input.kind };
    case 'entropy':
      assert(input.bytes.length <= MAX_ENTROPY_BYTES, 'a logged reading of a possible size');
      return { kind: 'entropy', size: input.bytes.length };
    default:
      return undefined;
  }
}

/**
 * Entries as they come to a backup that delivers ticks by its own time: a host of speed s is at
 * instruction s × n when a host of speed 1 is at n. `lastCount` is that of the entry before.
 */
export function byOwnTime(
  entries: readonly LogEntry[],
  speed: number,
  lastCount: number,
): LogEntry[] {
  let last = lastCount;
  return entries.map((entry) => {
    const ticks = entry.kind === 'input' && entry.input.kind === 'tick';
    last = Math.max(last, ticks ? Math.floor(entry.count * speed) : entry.count);
    return { ...entry, count: last };
  });
}

/** Whether `output` is a datagram that `readReplies`, a regular expression, takes for harmless. */
export function isReadReply(output: Output, readReplies: string | undefined): boolean {
  if (readReplies === undefined || output.kind !== 'frame') return false;
  const text = datagramText(output.bytes);
  return text !== undefined && new RegExp(readReplies).test(text);
}
