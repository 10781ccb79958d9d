/** The assembler with files: what `asm`, `run`, `record` and `scenario` share. */
import { type AssemblyResult, assemble, type Format, formatError } from '../asm/assembler.ts';
import { VmftError } from '../base/errors.ts';
import { includeResolver } from './image.ts';

/** How a source is assembled, as the command line says it. */
export interface AssemblyArguments {
  readonly format: Format;
  readonly directories?: readonly string[];
  readonly defines?: Readonly<Record<string, string>>;
  /** Warnings to switch, as `-w` takes them. */
  readonly warnings?: readonly string[];
}

const utf8 = new TextDecoder();

/** Assembles the source in `bytes`; errors in it are in the result. */
export function assembleFile(
  path: string,
  bytes: Uint8Array,
  { format, directories = [], defines = {}, warnings = [] }: AssemblyArguments,
): AssemblyResult {
  const find = includeResolver(directories);
  return assemble({
    file: path,
    text: utf8.decode(bytes),
    format,
    defines,
    warnings,
    resolve: (name, from) => {
      const found = find(name, from);
      return found && { name: found.name, text: utf8.decode(found.bytes) };
    },
    resolveBytes: (name, from) => find(name, from)?.bytes,
  });
}

/** As {@link assembleFile}; throws VmftError 'assembly' with all errors if there are any. */
export function assembleOrThrow(
  path: string,
  bytes: Uint8Array,
  args: AssemblyArguments,
): AssemblyResult {
  const result = assembleFile(path, bytes, args);
  if (result.errors.length === 0) return result;
  throw new VmftError('assembly', result.errors.map((error) => formatError(error)).join('\n'));
}
