/** Bytes for the tests of decoder and disassembler. */
import { Prng } from '../../src/base/prng.ts';
import { MAX_INSTRUCTION_BYTES } from '../../src/isa/decoder.ts';

/** Random bytes in which every opcode of both maps comes up, often behind prefixes. */
export function* someBytes(perOpcode: number): Generator<Uint8Array> {
  const prefixes = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
  const random = new Prng(1);
  for (let index = 0; index < 512 * perOpcode; index++) {
    const head: number[] = [];
    while (head.length < 4 && random.chance(0.35)) head.push(prefixes[random.below(11)]!);
    if (index & 0x100) head.push(0x0f);
    head.push(index & 0xff);
    yield Uint8Array.from([...head, ...random.bytes(MAX_INSTRUCTION_BYTES - head.length)]);
  }
}
