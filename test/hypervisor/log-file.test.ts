/** A log file gives back what was recorded; whatever happens to it, its sound beginning replays. */
import { describe, expect, it } from 'vitest';
import { VmftError } from '../../src/base/errors.ts';
import { encodeEntries } from '../../src/hypervisor/codec.ts';
import type { LogEntry } from '../../src/hypervisor/entry.ts';
import { LOG_VERSION, type LogFile, LogWriter, readLog } from '../../src/hypervisor/log-file.ts';
import type { LogHeader } from '../../src/hypervisor/log-header.ts';
import type { Checkpoint } from '../../src/hypervisor/log-point.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import { encodeCheckpoint } from '../../src/hypervisor/snapshot.ts';
import { hasher } from '../support/hasher.ts';
import { recordSchedule } from '../support/schedule.ts';
import { ToyMachine } from '../support/toy-machine.ts';
import { drain, newRecorder, newReplayer } from './toy.ts';

const header: LogHeader = {
  machine: {
    ramBytes: 16384,
    commandLine: 'one two',
    slots: [
      { kind: 'block', sectors: 8 },
      { kind: 'net', mac: '52:54:00:12:34:56' },
      { kind: 'entropy' },
      { kind: 'empty' },
    ],
    strict: true,
    loadAddress: 0x100000,
    entry: 0x100010,
  },
  image: Uint8Array.of(1, 2, 3),
  settings: { digestEvery: 200, guest: 'toy', virtual: true },
};

const schedule = { seed: 9, slices: 8, maxSlice: 150, packet: 0.3, console: 0.3 };
const run = { program: { seed: 21 }, schedule, digestEvery: 200 };

function makeFile() {
  const recorder = newRecorder(run);
  const writer = new LogWriter(hasher);
  const chunks = [writer.begin(header)];
  const entries: LogEntry[] = [];
  const checkpoints: Checkpoint[] = [];
  for (let i = 0; i < 3; i++) {
    for (const slice of recordSchedule(recorder, schedule, i * 1e6).slices) {
      chunks.push(writer.entries(slice.entries));
      entries.push(...slice.entries);
    }
    checkpoints.push(recorder.checkpoint());
    chunks.push(writer.checkpoint(recorder.checkpoint()));
  }
  const { machine } = recorder;
  const end = {
    count: machine.count,
    digest: machine.digest(),
    reason: 'stopped' as const,
    status: 0,
  };
  const unfinished = Buffer.concat(chunks);
  chunks.push(writer.end(end));
  return { bytes: Buffer.concat(chunks), unfinished, entries, checkpoints, end };
}

const file = makeFile();

/** A file that was refused or is damaged, and says so; `undefined` where it was found sound. */
function read(bytes: Uint8Array): LogFile | VmftError {
  try {
    return readLog(bytes, hasher);
  } catch (error) {
    if (error instanceof VmftError) return error;
    throw error;
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function expectSoundPrefix(got: LogFile | VmftError): void {
  if (got instanceof VmftError) {
    expect(got.code).toBe('log');
    return;
  }
  expect(got.damage?.code).toBe('log');
  expect(got.header).toEqual(header);
  const sameEntries = file.entries.slice(0, got.entries.length);
  expect(same(encodeEntries(got.entries), encodeEntries(sameEntries))).toBe(true);
  for (const [index, checkpoint] of got.checkpoints.entries()) {
    expect(same(encodeCheckpoint(checkpoint), encodeCheckpoint(file.checkpoints[index]!))).toBe(
      true,
    );
  }
  const last = got.entries.at(-1);
  if (last) expect(got.damage?.message).toContain(`${last.seq} at instruction ${last.count}`);
}

describe('a log file', () => {
  it('gives back header, entries, checkpoints and end', () => {
    const { entries, checkpoints, end } = file;
    expect(readLog(file.bytes, hasher)).toEqual({ header, entries, checkpoints, end });
  });

  it('replays from its beginning and from each checkpoint to its end', () => {
    const { entries, checkpoints, end } = readLog(file.bytes, hasher);
    const whole = newReplayer(run);
    for (const checkpoint of checkpoints) {
      const { seq } = checkpoint.point;
      whole.feed(entries.slice(whole.point.seq, seq));
      drain(whole);
      whole.compareCheckpoint(checkpoint);
      const machine = new ToyMachine(run.program, hasher);
      machine.restore(checkpoint.machine);
      const part = new Replayer({ machine, hasher, point: checkpoint.point });
      part.feed(entries.slice(seq));
      drain(part);
      part.compareDigest(end!.count, end!.digest);
    }
  });

  it('without an end, as a killed recorder leaves it, is sound and says so', () => {
    const got = readLog(file.unfinished, hasher);
    expect(got.entries).toEqual(file.entries);
    expect(got.checkpoints).toEqual(file.checkpoints);
    expect(got.end).toBeUndefined();
    expect(got.damage?.message).toContain('cut short');
  });

  it('cut anywhere keeps its complete sections and names the last good entry', () => {
    for (let length = 0; length < file.bytes.length; length += length < 300 ? 1 : 97) {
      expectSoundPrefix(read(file.bytes.subarray(0, length)));
    }
  });

  it('with one byte altered anywhere is refused or keeps what stands before it', () => {
    for (let at = 0; at < file.bytes.length; at += at < 300 ? 1 : 97) {
      expectSoundPrefix(read(Buffer.from(file.bytes).fill(file.bytes[at]! ^ 0x11, at, at + 1)));
    }
    for (let at = file.bytes.length - 100; at < file.bytes.length; at++) {
      expectSoundPrefix(read(Buffer.from(file.bytes).fill(file.bytes[at]! ^ 0x80, at, at + 1)));
    }
    expectSoundPrefix(read(Buffer.concat([file.bytes, Buffer.of(0)])));
  });

  it('of another version or kind is refused with a remedy', () => {
    const newer = Buffer.from(file.bytes);
    newer.writeUInt16LE(LOG_VERSION + 1, 8);
    expect(() => readLog(newer, hasher)).toThrow(/format version .*newer vmft/);
    expect(() => readLog(Buffer.from('#!/bin/sh\nexit\n'), hasher)).toThrow(/not a recording/);
    expect(() => readLog(new Uint8Array(0), hasher)).toThrow(/not a recording/);
  });
});
