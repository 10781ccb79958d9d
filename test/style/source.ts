/**
 * A source file as the style rules see it: text, lines, and the syntax tree (ESTree with the types
 * of TypeScript, as vitest's own parser returns it). A rule is a function from a file to findings;
 * a finding names the line and the remedy.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseAst } from 'vitest/node';

/** A node of the tree: `start` and `end` are offsets into the text. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** One file; `path` is relative to the root of the tree, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly program: Node;
}

/** What is wrong at `line` (from 1) of a file, and what to do about it. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly remedy: string;
}

/** Judges one file. */
export type Rule = (source: Source) => Finding[];

/** Folders that no rule looks into: installed, built, or git's own. */
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git']);

/** Every file of the tree under `root`, as sorted paths relative to it. */
export function filesOf(root: string): string[] {
  const list = (folder: string): string[] =>
    readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (NOT_OURS.has(entry.name)) return [];
      return entry.isDirectory() ? list(path) : [path];
    });
  return list('').sort();
}

/** Reads and parses the file at `path` below `root`. */
export function readSource(root: string, path: string): Source {
  return sourceOf(path, readFileSync(`${root}/${path}`, 'utf8'));
}

/** A file from its text, for fixtures. Throws where the text does not parse. */
export function sourceOf(path: string, text: string): Source {
  const program = parseAst(text, { lang: 'ts' }) as unknown as Node;
  return { path, text, lines: text.split('\n'), program };
}

/** A finding in `source` at the line of `offset`. */
export function findingAt(source: Source, offset: number, remedy: string): Finding {
  return { path: source.path, line: lineAt(source, offset), remedy };
}

/** The line, from 1, that holds `offset`. */
export function lineAt(source: Source, offset: number): number {
  return source.text.slice(0, offset).split('\n').length;
}

/** Calls `visit` for every node below `node`, parents first; `field` is its place in its parent. */
export function walk(
  node: Node,
  visit: (node: Node, parent: Node | undefined, field: string) => void,
): void {
  const step = (current: Node, parent: Node | undefined, field: string): void => {
    visit(current, parent, field);
    for (const [name, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) step(child, current, name);
      }
    }
  };
  step(node, undefined, '');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The modules that a file imports or re-exports, with the offset of each name. */
export function importsOf(source: Source): { name: string; offset: number }[] {
  const found: { name: string; offset: number }[] = [];
  walk(source.program, (node) => {
    const from = node.source;
    if (!isNode(from) || typeof from.value !== 'string') return;
    found.push({ name: from.value, offset: node.start });
  });
  return found;
}

/** Findings as one text, `path:line: remedy` a line. */
export function report(findings: readonly Finding[]): string {
  return findings.map(({ path, line, remedy }) => `${path}:${line}: ${remedy}`).join('\n');
}
