/** `vmft vectors`: the processor behind a pipe, so that it can be held against another one. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { MAX_RAM_BYTES, MIN_RAM_BYTES, PAGE_BYTES } from '../base/limits.ts';
import { size } from './arguments.ts';

/** A whole number of pages within the limits of a machine. */
function memorySize(text: string): number {
  const bytes = size(text);
  if (bytes % PAGE_BYTES !== 0 || bytes < MIN_RAM_BYTES || bytes > MAX_RAM_BYTES)
    throw new InvalidArgumentError('Write whole pages of 4K, from 64K to 1G.');
  return bytes;
}

/** Answers what has come before asking for more, so that nothing waits while stdin pauses. */
async function vectors({ memory }: { memory: number }): Promise<void> {
  const { VectorPort } = await import('./vectors-port.ts');
  const port = new VectorPort(memory);
  const { stdin, stdout } = process;
  stdin.setEncoding('latin1');
  for await (const text of stdin) {
    if (!stdout.write(port.feed(text as string), 'latin1'))
      await new Promise((resolve) => stdout.once('drain', resolve));
  }
  stdout.write(port.end(), 'latin1');
}

/** Defines `vmft vectors`. */
export function vectorsCommand(): Command {
  return new Command('vectors')
    .description('run single tests of the processor: lines on stdin, answers on stdout')
    .addOption(
      new Option('--memory <SIZE>', 'RAM of the tests')
        .argParser(memorySize)
        .default(0x40000, '256K'),
    )
    .addOption(
      new Option('--engine <ENGINE>', 'how instructions are executed')
        .choices(['auto', 'interpret'])
        .default('auto'),
    )
    .addHelpText(
      'after',
      `
Lines (numbers in hex, fields separated by one space; a register left out is 0):
  B mem=ADDR:BYTES[,ADDR:BYTES]...   memory in which all later tests start, at first zeros
  T ID [n=STEPS] [rep=1] eip= efl= eax= ecx= edx= ebx= esp= ebp= esi= edi= mem=ADDR:BYTES,...
Answers, in order:
  R ID n=RETIRED fault=NAME [err=E] eax= ... edi= eip= efl= [mem=ADDR:BYTES,...]
  E ID reason                        for a line that cannot be read; ID is - where it has none

A test executes n instructions (default 1) in ring 0 with flat segments, interrupts off and no
IDT. It ends early at hlt, or at an exception: fault= names it, and the registers are those before
the instruction; after the traps BP, OF and DB they are those behind it, and it counts in n. Each
iteration of a repeated string instruction counts, with rep=1 the whole instruction once. Of efl
the bits CF PF AF ZF SF DF OF are taken and shown. mem= of an answer is every byte that changed.

Examples:
  echo 'T add eip=1000 eax=1 ebx=2 mem=1000:01d8' | vmft vectors
  echo 'T copy rep=1 eip=0 ecx=4 esi=100 edi=200 mem=0:f3a4,100:01020304' | vmft vectors`,
    )
    .action(vectors);
}
