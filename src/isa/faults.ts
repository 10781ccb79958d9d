/**
 * The exceptions that instructions raise by themselves, for documentation and tests; the processor
 * (src/cpu/ops) raises them. Beside these, whatever the row, in the order of their checks:
 *
 *   #UD     opcode and ModRM are those of no row
 *   #GP(0)  the instruction goes on behind its fifteenth byte
 *   #UD     a lock prefix where it is not legal: the row says where, and the destination is memory
 *   #GP(0)  a store through cs, an access through a null selector
 *
 * A fault leaves registers, flags, memory and devices as they were before the instruction; the
 * traps #BP, #OF and #DB are raised behind it. No address is a fault by itself: segments are flat,
 * and outside RAM there are devices or holes.
 */
import { storesToMemory } from './destination.ts';
import type { Row } from './instruction.ts';

/** Mnemonic → exceptions, where all rows of a mnemonic raise the same. */
const BY_MNEMONIC = new Map(
  Object.entries({
    'div idiv aam': 'DE',
    bound: 'BR',
    'ud0 ud1 ud2': 'UD',
    // A gate that is missing or cannot be used takes the place of what was asked for.
    int: 'GP NP',
    int1: 'DB GP NP',
    int3: 'BP GP NP',
    into: 'OF GP NP',
    'callf jmpf retf iret lds les lfs lgs': 'GP NP',
    lss: 'GP SS',
  }).flatMap(([names, faults]) => names.split(' ').map((name) => [name, faults] as const)),
);

/** What loading a segment register or a control register raises. */
const BY_DESTINATION: Readonly<Record<string, string>> = {
  Sw: 'GP NP SS',
  ES: 'GP NP',
  DS: 'GP NP',
  FS: 'GP NP',
  GS: 'GP NP',
  SS: 'GP SS',
  Cd: 'GP',
};

/** Names of the exceptions of a row without `#`, in no order that means something. */
export function faultsOf(row: Row): readonly string[] {
  const loads = row.mnemonic === 'mov' || row.mnemonic === 'pop';
  const own = BY_MNEMONIC.get(row.mnemonic) ?? (loads ? BY_DESTINATION[row.operands[0]!] : '');
  const faults = new Set(own?.split(' ').filter(Boolean));
  // Through cs nothing can be written.
  if (storesToMemory(row)) faults.add('GP');
  return [...faults];
}
