/** `vmft disasm`: an image as text. */
import { Command } from 'commander';
import { MAX_RAM_BYTES } from '../base/limits.ts';
import { wholeNumber } from './arguments.ts';
import { print, printJson } from './print.ts';

interface DisasmOptions {
  from?: number;
  to?: number;
  loadAddress?: number;
  json?: boolean;
}

interface Line {
  readonly address: number;
  readonly bytes: string;
  readonly text: string;
}

async function disassembleCommand(image: string, options: DisasmOptions): Promise<void> {
  const [{ namingImage, readImage }, { readProgram }, { disassemble }, { toHex }] =
    await Promise.all([
      import('./image.ts'),
      import('../machine/loader.ts'),
      import('../isa/disassembler.ts'),
      import('../base/digest.ts'),
    ]);
  const { loadAddress } = options;
  const bytes = await readImage(image, loadAddress !== undefined);
  const program = namingImage(image, () =>
    readProgram(bytes, {
      ramBytes: MAX_RAM_BYTES,
      commandLine: '',
      slots: [],
      strict: false,
      ...(loadAddress === undefined ? {} : { loadAddress }),
    }),
  );
  const names = new Map<number, string[]>();
  for (const { name, address } of program.symbols)
    names.set(address, [...(names.get(address) ?? []), name]);
  const symbolFor = (address: number): string | undefined => names.get(address)?.[0];
  const { from = 0, to = Number.POSITIVE_INFINITY } = options;
  const lines: Line[] = [];
  for (const { address, bytes } of program.segments.filter((segment) => segment.executable)) {
    for (const line of disassemble(bytes, 0, bytes.length, address, symbolFor)) {
      if (line.address < from || line.address >= to) continue;
      const code = bytes.subarray(line.offset, line.offset + line.length);
      lines.push({ address: line.address, bytes: toHex(code), text: line.text });
    }
  }
  if (options.json) return printJson(lines);
  for (const { address, bytes, text } of lines) {
    for (const name of names.get(address) ?? []) print(`${name}:`);
    print(`  ${address.toString(16).padStart(8, '0')}  ${bytes.padEnd(22)} ${text}`);
  }
}

/** Defines `vmft disasm`. */
export function disasmCommand(): Command {
  return new Command('disasm')
    .description('show the instructions of an image: address, bytes, text')
    .argument('IMAGE', 'an image, an assembly source or the name of a shipped guest')
    .option('--from <ADDRESS>', 'first address to show', wholeNumber)
    .option('--to <ADDRESS>', 'address to stop before', wholeNumber)
    .option('--load-address <ADDRESS>', 'where a flat binary lies (default: 0x100000)', wholeNumber)
    .option('--json', 'as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  vmft disasm hello
  vmft disasm kernel.elf --from 0x100000 --to 0x100040`,
    )
    .action(disassembleCommand);
}
