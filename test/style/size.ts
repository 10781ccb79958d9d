/** Sizes of files, functions and lines. Tables, and the interpreter's switch, are named here. */
import {
  type Finding,
  findingAt,
  lineAt,
  type Node,
  type Rule,
  type Source,
  walk,
} from './source.ts';

/** Limits, in lines and in columns. */
export const LIMITS = { medianFile: 200, file: 600, function: 70, columns: 100 } as const;

/** Files that may be longer: tables, and the one hot switch. */
const LONG_FILES = new Set([
  'src/cpu/interpreter.ts',
  'src/isa/one-byte.ts',
  'src/isa/two-byte.ts',
]);

/** Functions that may be longer, as `path name`: the hot switch, and what closes over it. */
const LONG_FUNCTIONS = new Set([
  'src/cpu/interpreter.ts makeInterpreter',
  'src/cpu/interpreter.ts execute',
]);

/** No file is longer than the limit. */
export const fileIsShort: Rule = (source) => {
  const count = lineCount(source);
  if (count <= LIMITS.file || LONG_FILES.has(source.path)) return [];
  return [{ path: source.path, line: LIMITS.file, remedy: `divide the file: ${count} lines` }];
};

/** No function has as many lines as the limit, from its head to its closing brace. */
export const functionsAreShort: Rule = (source) => {
  const findings: Finding[] = [];
  walk(source.program, (node, parent) => {
    if (!/Function(Declaration|Expression)$/.test(node.type)) return;
    const count = lineAt(source, node.end) - lineAt(source, node.start) + 1;
    const name = functionName(node, parent);
    if (count < LIMITS.function || LONG_FUNCTIONS.has(`${source.path} ${name}`)) return;
    findings.push(findingAt(source, node.start, `divide ${name}: ${count} lines`));
  });
  return findings;
};

/** No line has more columns than the limit. */
export function linesAreNarrow(path: string, text: string): Finding[] {
  return text.split('\n').flatMap((line, index) => {
    const columns = [...line].length;
    if (columns <= LIMITS.columns) return [];
    return [{ path, line: index + 1, remedy: `break the line: ${columns} columns` }];
  });
}

/** The median of the lengths of files, in lines. */
export function medianLength(sources: readonly Source[]): number {
  const lengths = sources.map(lineCount).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? 0;
}

function lineCount(source: Source): number {
  return source.lines.length - 1;
}

function functionName(node: Node, parent: Node | undefined): string {
  const named = [node.id, parent?.key, parent?.id].find((id) => (id as Node | null)?.name);
  return named ? String((named as Node).name) : 'this function';
}
