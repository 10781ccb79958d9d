/** What `vmft log` tells of a recording: what it costs, where two differ, whether it agrees. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEntries } from '../../src/hypervisor/codec.ts';
import { INPUT_KINDS, type LogEntry } from '../../src/hypervisor/entry.ts';
import { auditLog } from '../../src/hypervisor/log-audit.ts';
import { diffLogs } from '../../src/hypervisor/log-difference.ts';
import type { LogFile } from '../../src/hypervisor/log-file.ts';
import { kindOf, logStatistics } from '../../src/hypervisor/log-statistics.ts';
import { arbitraryEntries } from './arbitrary-log.ts';
import { record, toyRun } from './toy.ts';

describe('statistics', () => {
  it('cover every entry and every byte but the head of the encoding', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        const statistics = logStatistics(entries);
        const sum = (of: 'entries' | 'bytes') => statistics.reduce((n, kind) => n + kind[of], 0);
        expect(sum('entries')).toBe(entries.length);
        const head = encodeEntries(entries).length - sum('bytes');
        expect(head).toBeLessThanOrEqual(3 * 8);
        for (const { kind, entries: number } of statistics) {
          expect(entries.filter((entry) => kindOf(entry) === kind).length).toBe(number);
        }
      }),
    );
  });
});

const header: LogFile['header'] = {
  machine: { ramBytes: 65536, commandLine: '', slots: [], strict: false },
  image: Uint8Array.of(1, 2),
  settings: {},
};
const entries: LogEntry[] = [
  { seq: 0, count: 1, kind: 'input', input: { kind: 'packet', bytes: Uint8Array.of(1) } },
  { seq: 1, count: 5, kind: 'output', last: 0, hash: 7n },
];
const end = { count: 9, digest: '0'.repeat(32), reason: 'exit' as const, status: 3 };
const file: LogFile = { header, entries, checkpoints: [], end };

describe('the difference of two recordings', () => {
  it('is none between a recording and itself', () => {
    expect(diffLogs(file, file)).toBeUndefined();
    const settings = { note: 'another' };
    expect(diffLogs(file, { ...file, header: { ...header, settings } })).toBeUndefined();
  });

  it('names the first field, byte or entry that differs', () => {
    const machine = { ...header.machine, strict: true };
    expect(diffLogs(file, { ...file, header: { ...header, machine } })).toEqual({
      where: 'machine strict',
      left: 'false',
      right: 'true',
    });
    const image = Uint8Array.of(1, 2, 3);
    expect(diffLogs(file, { ...file, header: { ...header, image } })).toEqual({
      where: 'image byte 0x2',
      left: 'no byte',
      right: '0x3',
    });
    expect(diffLogs(file, { ...file, entries: entries.slice(0, 1) })).toMatchObject({
      where: 'entry 1',
      right: 'no entry',
    });
    const bytes = Uint8Array.of(2);
    const other = entries.with(0, {
      ...entries[0]!,
      kind: 'input',
      input: { kind: 'packet', bytes },
    });
    const found = diffLogs(file, { ...file, entries: other });
    expect(found?.where).toBe('entry 0');
    expect(found?.left).not.toBe(found?.right);
    expect(diffLogs(file, { header, entries, checkpoints: [] })).toEqual({
      where: 'end',
      left: `exit 3 at instruction 9, digest ${end.digest}`,
      right: 'none',
    });
  });
});

describe('an audit', () => {
  it('finds nothing in what a recorder has written', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        expect(auditLog(record(run).recording.entries)).toBeUndefined();
      }),
    );
  });

  it('finds an input that is gone, by the digest after it', () => {
    const inputs = INPUT_KINDS.map((kind) => (kind === 'packet' ? 2 : 0));
    const digest: LogEntry = { seq: 2, count: 8, kind: 'digest', digest: end.digest, inputs };
    expect(auditLog([...entries, digest])).toMatch(
      /^#2 @8 .*the recorder gave 2 inputs of kind packet, the log has 1$/,
    );
  });

  it('finds gaps, steps back in time and inputs in impossible places', () => {
    const [first, second] = entries as [LogEntry, LogEntry];
    expect(auditLog([second])).toMatch(/entry 0 is missing/);
    expect(auditLog([{ ...first, count: 6 }, second])).toMatch(/before that of entry 0/);
    expect(auditLog([first, second, { ...second, seq: 2 }])).toMatch(/marks no new output/);
    const reading: LogEntry = { ...first, kind: 'input', input: { kind: 'tsc', value: 1n } };
    expect(auditLog([reading, { ...first, seq: 1 }])).toMatch(/between a reading and its/);
    const fault: LogEntry = { seq: 0, count: 0, kind: 'fault', vector: 6 };
    expect(auditLog([fault, { ...first, seq: 1 }])).toMatch(/follows a fault/);
  });
});
