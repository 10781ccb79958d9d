/**
 * Random scripts of accesses on QEMU's microvm and on vmft: what is read is the same. What is left
 * out, and why, stands at the head of each generator; docs/oracles.md has the list.
 */
import fc from 'fast-check';
import { test } from 'vitest';
import type { Access } from '../../support/access-guest.ts';
import type { CatalogueDevice } from '../../support/catalogue.ts';
import { isLong, runs } from '../../support/runs.ts';
import { describeWithTool } from '../../support/tools.ts';
import { compare } from './both.ts';
import { PIC_DEVICES, picActions, picScript } from './pic-scripts.ts';
import { clockActions, clockScript, timerActions, timerScript } from './time-scripts.ts';
import { uartActions, uartScript } from './uart-scripts.ts';
import {
  blockActions,
  blockScript,
  entropyActions,
  entropyScript,
  netActions,
  netScript,
  VIRTIO_DEVICES,
} from './virtio-scripts.ts';

/** Scripts that one run of the guest plays. */
const SCRIPTS = isLong ? 25 : 12;

/** Batches of scripts made of what `actions` draws, one run each; the failing script is shown. */
function scripts<T>(
  actions: fc.Arbitrary<T>,
  script: (actions: T) => Access[],
  devices: readonly CatalogueDevice[] = [],
): Promise<void> {
  const batch = fc.array(actions, { minLength: SCRIPTS, maxLength: SCRIPTS });
  const property = fc.asyncProperty(batch, (list) => compare(list.map(script), devices));
  return fc.assert(property, { numRuns: runs(1), endOnFailure: true });
}

describeWithTool(['nasm', 'ld', 'qemu-system-i386'], 'random accesses read on QEMU as here', () => {
  test('interrupt controllers', () => scripts(picActions, picScript, PIC_DEVICES));

  test('UART in loopback', () => scripts(uartActions, uartScript));

  test('interval timer', () => scripts(timerActions, timerScript));

  test('clock', () => scripts(clockActions, clockScript));

  test('disk', () => scripts(blockActions, blockScript, VIRTIO_DEVICES));

  test('entropy device', () => scripts(entropyActions, entropyScript, VIRTIO_DEVICES));

  test('network card', () => scripts(netActions, netScript, VIRTIO_DEVICES));

  test('empty slots, and ports and addresses where there is nothing', () =>
    compare([
      [
        ...(['in1', 'in2', 'in4'] as const).map((kind): Access => [kind, 0x1234]),
        ...[0x61, 0x80, 0x92, 0x2f8].map((port): Access => ['in1', port]),
        ...[0x00, 0x04, 0x08, 0x10, 0x44, 0x60, 0x70, 0xb0, 0xfc, 0x100].map(
          (offset): Access => ['ld4', 0xfeb0_0200 + offset],
        ),
      ],
    ]));
});
