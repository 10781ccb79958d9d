/** iced-x86, a decoder that we did not write, asked about one instruction at a time. */
import { Code, Decoder, DecoderOptions, Mnemonic, RflagsBits } from 'iced-x86';

/** What iced-x86 says of an instruction; flags as letters in the order C P A Z S O. */
export interface Reading {
  readonly mnemonic: string;
  readonly length: number;
  readonly tests: string;
  readonly writes: string;
  readonly undefinedFlags: string;
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
    };
  } finally {
    instruction.free();
    decoder.free();
  }
}
