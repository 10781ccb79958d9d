/** iced-x86, a decoder that we did not write, asked about one instruction at a time. */
import {
  Code,
  Decoder,
  DecoderOptions,
  type Instruction,
  Mnemonic,
  OpKind,
  Register,
  RflagsBits,
} from 'iced-x86';

/** What iced-x86 says of an instruction; flags as letters in the order C P A Z S O. */
export interface Reading {
  readonly mnemonic: string;
  readonly length: number;
  readonly tests: string;
  readonly writes: string;
  readonly undefinedFlags: string;
  /** As {@link operandName} writes them, one for each that iced-x86 names. */
  readonly operands: readonly string[];
}

/** Instructions of later processors whose bytes a 486 reads otherwise, switched off. */
const OPTIONS =
  DecoderOptions.NoMPFX_0FBC |
  DecoderOptions.NoMPFX_0FBD |
  DecoderOptions.NoWbnoinvd |
  DecoderOptions.ForceReservedNop;

const BITS = [
  ['C', RflagsBits.CF],
  ['P', RflagsBits.PF],
  ['A', RflagsBits.AF],
  ['Z', RflagsBits.ZF],
  ['S', RflagsBits.SF],
  ['O', RflagsBits.OF],
] as const;

const letters = (flags: number): string =>
  BITS.map(([letter, bit]) => (flags & bit ? letter : '')).join('');

/** Registers, numbers, targets and addresses in one spelling. */
function operandName(instruction: Instruction, index: number): string {
  switch (instruction.opKind(index)) {
    case OpKind.Register:
      return Register[instruction.opRegister(index)]!.toLowerCase();
    case OpKind.Memory:
      return addressName(instruction);
    case OpKind.NearBranch16:
    case OpKind.NearBranch32:
      return `to ${instruction.nearBranchTarget.toString(16)}`;
    case OpKind.FarBranch16:
    case OpKind.FarBranch32: {
      const wide = instruction.opKind(index) === OpKind.FarBranch32;
      const offset = wide ? instruction.farBranch32 : instruction.farBranch16;
      return `${instruction.farBranchSelector.toString(16)}:${offset.toString(16)}`;
    }
    case OpKind.Immediate8:
      return String(instruction.immediate8);
    case OpKind.Immediate8_2nd:
      return String(instruction.immediate8_2nd);
    case OpKind.Immediate16:
      return String(instruction.immediate16);
    case OpKind.Immediate32:
      return String(instruction.immediate32 >>> 0);
    case OpKind.Immediate8to16:
      return String(instruction.immediate8to16 & 0xffff);
    case OpKind.Immediate8to32:
      return String(instruction.immediate8to32 >>> 0);
    default:
      return 'string';
  }
}

function addressName(instruction: Instruction): string {
  const { memoryBase, memoryIndex, memoryIndexScale, memorySegment } = instruction;
  const name = (register: Register): string => Register[register]!.toLowerCase();
  const parts = [`${name(memorySegment)}:${instruction.memoryDisplacement.toString(16)}`];
  if (memoryBase !== Register.None) parts.push(name(memoryBase));
  if (memoryIndex !== Register.None) parts.push(`${name(memoryIndex)}*${memoryIndexScale}`);
  return parts.join('+');
}

/** The instruction at the start of `bytes` in 32-bit code; undefined when there is none. */
export function readInstruction(bytes: Uint8Array): Reading | undefined {
  const decoder = new Decoder(32, bytes, OPTIONS);
  const instruction = decoder.decode();
  try {
    if (instruction.code === Code.INVALID) return undefined;
    const { rflagsWritten, rflagsCleared, rflagsSet } = instruction;
    return {
      mnemonic: Mnemonic[instruction.mnemonic]!.toLowerCase(),
      length: instruction.length,
      tests: letters(instruction.rflagsRead),
      writes: letters(rflagsWritten | rflagsCleared | rflagsSet),
      undefinedFlags: letters(instruction.rflagsUndefined),
      operands: Array.from({ length: instruction.opCount }, (_, i) => operandName(instruction, i)),
    };
  } finally {
    instruction.free();
    decoder.free();
  }
}
