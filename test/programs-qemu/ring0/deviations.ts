/**
 * Lines that QEMU (7.2, TCG) prints otherwise than the manual says: by image, then by the line as
 * it must be, QEMU's line and why. Where a line is not listed the two machines must agree; a QEMU
 * that prints what the manual says is right too. docs/oracles.md tells the same in prose.
 */

/** What QEMU prints instead, and the reason. */
export interface Deviation {
  readonly qemu: string;
  readonly why: string;
}

const NO_EXT = 'the EXT bit is never set (SDM volume 3, 6.13)';
const SHADOW_ENDS = 'delivery of an event ends what sti holds back (SDM volume 2, STI)';
const STI_TRAPS = 'sti holds back interrupts, not the single-step trap (SDM volume 2, STI)';

/** As above. */
export const DEVIATIONS: Readonly<Record<string, Readonly<Record<string, Deviation>>>> = {
  faults: {
    'lock mov: #06 00000000 00000008 00000002, in 00000002': {
      qemu: 'lock mov: passed 00008000 00000002 00000000',
      why: 'LOCK before an instruction that cannot be locked is #UD (SDM volume 2, LOCK)',
    },
    'pop /1: #06 00000000 00000008 00000002, in 00000002': {
      qemu: 'pop /1: passed 00000000 00000002 00000004',
      why: 'only /0 of opcode 8F is an instruction (SDM volume 2, table A-6)',
    },
  },
  gates: {
    'ud2, gate not present: #0b 00000033 00000000 00000008 00000202, in 00000002': {
      qemu: 'ud2, gate not present: #0b 00000032 00000000 00000008 00000202, in 00000002',
      why: NO_EXT,
    },
    'ud2, absent code: #0b 00000021 00000000 00000008 00000002, in 00000002': {
      qemu: 'ud2, absent code: #0b 00000020 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'ud2, data selector: #0d 00000011 00000000 00000008 00000002, in 00000002': {
      qemu: 'ud2, data selector: #0d 00000010 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'ud2, null selector: #0d 00000001 00000000 00000008 00000002, in 00000002': {
      qemu: 'ud2, null selector: #0d 00000000 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'trap of TF, gate not present: #0b 0000000b 00000001 00000008 00000102, in 00000002': {
      qemu: 'trap of TF, gate not present: #0b 0000000a 00000001 00000008 00000102, in 00000002',
      why: NO_EXT,
    },
    '#BR is benign: #0b 0000002b 00000000 00000008 00000002, in 00000002': {
      qemu: '#BR is benign: #0b 0000002a 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
  },
  system: {
    'sidt of 16 bits, base 89abcdef': {
      qemu: 'sidt of 16 bits, base 00abcdef',
      why: 'the whole base is stored for either operand size (SDM volume 2, SIDT, operation)',
    },
    'NW without CD: #0d 00000000 00000000 00000008 00000002, in 00000002': {
      qemu: 'NW without CD: passed 20010011 00000002 00000000',
      why: 'NW = 1 with CD = 0 cannot be loaded into cr0 (SDM volume 3, 2.5)',
    },
  },
  shadow: {
    'sti, int through a trap gate: I05/1': {
      qemu: 'sti, int through a trap gate: I06/1',
      why: SHADOW_ENDS,
    },
    'sti, a fault through a trap gate: I05/1': {
      qemu: 'sti, a fault through a trap gate: I09/1',
      why: SHADOW_ENDS,
    },
    'raised and taken back:': {
      qemu: 'raised and taken back: I08/1',
      why: 'a request must stand until it is acknowledged (8259A data sheet, interrupt sequence)',
    },
    'TF, sti: T01/1 I01/1 T02/1 T03/1 T05/1 T06/0': {
      qemu: 'TF, sti: T02/1 I02/1 T03/1 T05/1 T06/0',
      why: STI_TRAPS,
    },
    'TF, sti, mov ss: T01/1 I01/1 T04/1 T06/1 T07/0': {
      qemu: 'TF, sti, mov ss: I03/1 T04/1 T06/1 T07/0',
      why: STI_TRAPS,
    },
    'an interrupt whose gate is not present: #0b 00000123 00000006 00000008 00000202, in 00000002':
      {
        qemu:
          'an interrupt whose gate is not present: ' +
          '#0b 00000122 00000006 00000008 00000202, in 00000002',
        why: NO_EXT,
      },
  },
  trap: {
    'lss: 07/00 09/00 0a/00': {
      qemu: 'lss: 09/00 0a/00',
      why: 'only mov and pop of ss hold the trap back (SDM volume 3, 6.8.3)',
    },
  },
};
