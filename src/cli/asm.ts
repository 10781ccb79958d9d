/** `vmft asm`: assemble a source. */
import { Command, Option } from 'commander';
import { VmftError } from '../base/errors.ts';
import { isSameFile, readUserFile, writeUserFiles } from '../host/files.ts';
import { repeated } from './arguments.ts';
import { note, printJson } from './print.ts';

interface AsmOptions {
  output?: string;
  format: 'bin' | 'elf';
  listing?: string;
  include?: string[];
  define?: string[];
  warn?: string[];
  json?: boolean;
}

function definesOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value = ''] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      if (!name) throw new VmftError('usage', `-D ${word}: write NAME or NAME=VALUE`);
      return [name, value];
    }),
  );
}

async function assembleCommand(file: string, options: AsmOptions): Promise<void> {
  const [{ assembleOrThrow }, { formatError }] = await Promise.all([
    import('./assembly.ts'),
    import('../asm/assembler.ts'),
  ]);
  const result = assembleOrThrow(file, readUserFile(file, 'source', 'input'), {
    format: options.format,
    directories: options.include ?? [],
    defines: definesOf(options.define ?? []),
    warnings: options.warn ?? [],
  });
  for (const warning of result.warnings)
    process.stderr.write(`${formatError(warning, 'warning')}\n`);
  const extension = options.format === 'elf' ? '.elf' : '.bin';
  const output = options.output ?? `${file.replace(/\.(asm|s)$/i, '')}${extension}`;
  const { listing } = options;
  for (const path of [output, listing])
    if (path !== undefined && isSameFile(path, file))
      throw new VmftError('usage', `${path}: it would overwrite the source; name another file`);
  writeUserFiles([
    { path: output, what: 'output', bytes: result.image },
    ...(listing ? [{ path: listing, what: 'listing', bytes: result.listing }] : []),
  ]);
  const { entry, origin, symbols, image } = result;
  if (options.json) printJson({ output, bytes: image.length, entry, origin, symbols });
  else note(`${output}: ${image.length} bytes, entry 0x${entry.toString(16)}`);
}

/** Defines `vmft asm`. */
export function asmCommand(): Command {
  return new Command('asm')
    .description('assemble a source in NASM syntax')
    .argument('FILE', 'the source')
    .option('-o, --output <OUT>', 'the image (default: FILE with .elf or .bin)')
    .addOption(
      new Option('-f, --format <FORMAT>', 'a flat binary, or an ELF executable with a PVH note')
        .choices(['bin', 'elf'])
        .default('elf'),
    )
    .option('-l, --listing <LISTING>', 'write a listing')
    .option('-I, --include <DIR>', 'look for included files here (repeatable)', repeated)
    .option('-D, --define <NAME=VALUE>', 'define a macro (repeatable)', repeated)
    .option(
      '-w, --warn <SWITCH>',
      'switch a class of warnings, as nasm does: +NAME, -NAME, error=NAME (repeatable)',
      repeated,
    )
    .option('--json', 'print output, sizes and symbols as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  vmft asm hello.asm -o hello.elf
  vmft asm boot.asm -f bin -l boot.lst -D DEBUG=1
  vmft asm hello.asm -w +all -w error=number-overflow`,
    )
    .action(assembleCommand);
}
