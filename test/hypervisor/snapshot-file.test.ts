/** Snapshots as files: a machine goes on from one, and damaged ones are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VmftError } from '../../src/base/errors.ts';
import { START } from '../../src/hypervisor/log-point.ts';
import {
  decodeSnapshotFile,
  encodeSnapshotFile,
  isSnapshotFile,
} from '../../src/hypervisor/snapshot-file.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import { guestImage } from '../support/guest-image.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';

const config = { ramBytes: 16 << 20, commandLine: '', slots: [], strict: false };
const image = guestImage('primes');

/** A machine that has run a while, as a file. */
function kept(): { bytes: Uint8Array; machine: X86Machine } {
  const machine = new X86Machine(config, image, hasher);
  machine.run(10_000);
  machine.takeOutputs();
  const checkpoint = { point: { ...START, seq: 7 }, machine: machine.snapshot() };
  const header = { machine: config, image, settings: { machine: 'm' } };
  return { bytes: encodeSnapshotFile({ header, checkpoint }, hasher), machine };
}

describe('the file of a snapshot', () => {
  it('holds all that it takes to go on', () => {
    const { bytes, machine } = kept();
    const { header, checkpoint } = decodeSnapshotFile(bytes, hasher);
    expect(checkpoint.point.seq).toBe(7);
    const other = new X86Machine(header.machine, header.image, hasher);
    other.restore(checkpoint.machine);
    for (const one of [machine, other]) one.run(30_000);
    expect(other.digest()).toBe(machine.digest());
  });

  it('is refused where a byte of it is altered, missing, or too many', () => {
    const { bytes } = kept();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = bytes.slice();
        altered[at]! ^= change;
        for (const wrong of [altered, bytes.subarray(0, at), new Uint8Array([...bytes, change])])
          expect(() => decodeSnapshotFile(wrong, hasher)).toThrow(VmftError);
      }),
      { numRuns: runs(20) },
    );
    expect(isSnapshotFile(bytes)).toBe(true);
    expect(isSnapshotFile(image)).toBe(false);
  });
});
