/**
 * Lines that QEMU (7.2, TCG) prints otherwise than the manual says: by image, then by what the line
 * begins with, its rest as it must be, QEMU's rest and why. Where a line is not listed the two
 * machines must agree; a QEMU that prints what the manual says is right too. docs/oracles.md tells
 * the same in prose.
 */

/** Behind the beginning of the line and a blank: what must be there, what QEMU prints, and why. */
export interface Deviation {
  readonly vmft: string;
  readonly qemu: string;
  readonly why: string;
}

const NULL_SELECTOR = 'nothing can be accessed through a null selector (SDM volume 3, 3.4.2)';
const NO_EXT = 'the EXT bit is never set (SDM volume 3, 6.13)';
const NO_RF = 'faults, and what interrupts a repetition, save RF = 1 (SDM volume 3, 17.3.1.1)';
const RF_LASTS = 'the next instruction clears RF before an event is delivered (same place)';
const SHADOW_ENDS = 'delivery of an event ends what sti holds back (SDM volume 2, STI)';
const STI_TRAPS = 'sti holds back interrupts, not the single-step trap (SDM volume 2, STI)';

/** As above. */
export const DEVIATIONS: Readonly<Record<string, Readonly<Record<string, Deviation>>>> = {
  faults: {
    'lock mov:': {
      vmft: '#06 00000000 00000008 00000002, in 00000002',
      qemu: 'passed 00008000 00000002 00000000',
      why: 'LOCK before an instruction that cannot be locked is #UD (SDM volume 2, LOCK)',
    },
    'read through a null selector:': {
      vmft: '#0d 00000000 00000000 00000008 00000002, in 00000002',
      qemu: 'passed fffffffe 00000002 00000000',
      why: NULL_SELECTOR,
    },
    'write through a null selector:': {
      vmft: '#0d 00000000 00000000 00000008 00000002, in 00000002',
      qemu: 'passed 00000000 00000002 00000000',
      why: NULL_SELECTOR,
    },
    'pop /1:': {
      vmft: '#06 00000000 00000008 00000002, in 00000002',
      qemu: 'passed 00000000 00000002 00000004',
      why: 'only /0 of opcode 8F is an instruction (SDM volume 2, table A-6)',
    },
  },
  gates: {
    'ud2, gate not present:': {
      vmft: '#0b 00000033 00000000 00000008 00000202, in 00000002',
      qemu: '#0b 00000032 00000000 00000008 00000202, in 00000002',
      why: NO_EXT,
    },
    'ud2, absent code:': {
      vmft: '#0b 00000021 00000000 00000008 00000002, in 00000002',
      qemu: '#0b 00000020 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'ud2, data selector:': {
      vmft: '#0d 00000011 00000000 00000008 00000002, in 00000002',
      qemu: '#0d 00000010 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'ud2, null selector:': {
      vmft: '#0d 00000001 00000000 00000008 00000002, in 00000002',
      qemu: '#0d 00000000 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
    'trap of TF, gate not present:': {
      vmft: '#0b 0000000b 00000001 00000008 00000102, in 00000002',
      qemu: '#0b 0000000a 00000001 00000008 00000102, in 00000002',
      why: NO_EXT,
    },
    '#BR is benign:': {
      vmft: '#0b 0000002b 00000000 00000008 00000002, in 00000002',
      qemu: '#0b 0000002a 00000000 00000008 00000002, in 00000002',
      why: NO_EXT,
    },
  },
  system: {
    'sidt of 16 bits, base': {
      vmft: '89abcdef',
      qemu: '00abcdef',
      why: 'the whole base is stored for either operand size (SDM volume 2, SIDT, operation)',
    },
    'NW without CD:': {
      vmft: '#0d 00000000 00000000 00000008 00000002, in 00000002',
      qemu: 'passed 20010011 00000002 00000000',
      why: 'NW = 1 with CD = 0 cannot be loaded into cr0 (SDM volume 3, 2.5)',
    },
  },
  pic: {
    'vector beyond the limit of the IDT:': {
      vmft: '#0d 000007e3 00000006 00000008 00000202, in 00000002',
      qemu: '#0d 000007e2 00000006 00000008 00000202, in 00000002',
      why: NO_EXT,
    },
  },
  resume: {
    'a fault sets RF:': {
      vmft: '#00 00000000 00000008 000108d7, in 000008d7',
      qemu: '#00 00000000 00000008 000008d7, in 000008d7',
      why: NO_RF,
    },
    'a fault with an error code:': {
      vmft: '#0b 00000018 00000000 00000008 00010002, in 00000002',
      qemu: '#0b 00000018 00000000 00000008 00000002, in 00000002',
      why: NO_RF,
    },
    'int whose gate is not present:': {
      vmft: '#0b 00000202 00000000 00000008 00010002, in 00000002',
      qemu: '#0b 00000202 00000000 00000008 00000002, in 00000002',
      why: NO_RF,
    },
    'single-step trap in a repeated instruction:': {
      vmft: '#01 00000000 00000008 00010102, in 00000002',
      qemu: '#01 00000000 00000008 00000102, in 00000002',
      why: NO_RF,
    },
    'interrupt between two iterations:': {
      vmft: '#24 00000000 00000008 00010202, in 00000002',
      qemu: '#24 00000000 00000008 00000202, in 00000002',
      why: NO_RF,
    },
    'interrupt after the last iteration:': {
      vmft: '#24 00000002 00000008 00000202, in 00000002',
      qemu: '#24 00000000 00000008 00000202, in 00000002',
      why: 'the instruction is over after its last iteration (SDM volume 3, 17.3.1.1)',
    },
    'iret loads RF, then int:': {
      vmft: '#40 0000000f 00000008 00000002, in 00000002',
      qemu: '#40 0000000f 00000008 00010002, in 00000002',
      why: RF_LASTS,
    },
    'iret loads RF, which lasts for one instruction:': {
      vmft: '#40 00000010 00000008 00000002, in 00000002',
      qemu: '#40 00000010 00000008 00010002, in 00000002',
      why: RF_LASTS,
    },
  },
  shadow: {
    'sti, int through a trap gate:': {
      vmft: 'I05/1',
      qemu: 'I06/1',
      why: SHADOW_ENDS,
    },
    'sti, a fault through a trap gate:': {
      vmft: 'I05/1',
      qemu: 'I09/1',
      why: SHADOW_ENDS,
    },
    'raised and taken back:': {
      vmft: '',
      qemu: 'I08/1',
      why: 'a request must stand until it is acknowledged (8259A data sheet, interrupt sequence)',
    },
    'TF, sti:': {
      vmft: 'T01/1 I01/1 T02/1 T03/1 T05/1 T06/0',
      qemu: 'T02/1 I02/1 T03/1 T05/1 T06/0',
      why: STI_TRAPS,
    },
    'TF, sti, mov ss:': {
      vmft: 'T01/1 I01/1 T04/1 T06/1 T07/0',
      qemu: 'I03/1 T04/1 T06/1 T07/0',
      why: STI_TRAPS,
    },
    'an interrupt whose gate is not present:': {
      vmft: '#0b 00000123 00000006 00000008 00000202, in 00000002',
      qemu: '#0b 00000122 00000006 00000008 00000202, in 00000002',
      why: NO_EXT,
    },
  },
  trap: {
    'lss:': {
      vmft: '07/00 09/00 0a/00',
      qemu: '09/00 0a/00',
      why: 'only mov and pop of ss hold the trap back (SDM volume 3, 6.8.3)',
    },
  },
};
