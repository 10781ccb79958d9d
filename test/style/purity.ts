/**
 * What the pure layers must not name: everything that waits, or that answers differently from run
 * to run or from computer to computer. `host` may do all of it, `web` lives in a browser; the
 * command line may read `process` and print, and leaves clocks, timers and entropy to the host.
 */
import { folderOf } from './layers.ts';
import { type Finding, findingAt, type Node, type Rule, type Source, walk } from './source.ts';

const CLOCKS_AND_ENTROPY = [
  'Date',
  'performance',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
];

/** Global names that no file below host refers to. */
const BANNED = new Set([
  ...CLOCKS_AND_ENTROPY,
  'process',
  'console',
  'Promise',
  'queueMicrotask',
  'WeakRef',
  'FinalizationRegistry',
  'Intl',
  'globalThis',
  'require',
  'Buffer',
]);

/** Global names that the command line leaves to the host. */
const BANNED_IN_CLI = new Set(CLOCKS_AND_ENTROPY);

/** Methods whose answer depends on the locale of the computer. */
const LOCALE = new Set(['localeCompare', 'toLocaleString', 'toLocaleLowerCase']);

/** Places where an identifier is a name of a member, not a reference to a variable. */
const MEMBER_NAMES = new Set(['property', 'key', 'imported', 'exported']);

/** The files below host: synchronous, without clock, entropy, environment or locale. */
export const isPure: Rule = (source) => {
  const findings: Finding[] = [];
  const banned = withoutOwnNames(BANNED, source);
  walk(source.program, (node, parent, field) => {
    const what = impurity(node) ?? globalName(banned, node, parent, field);
    if (what !== undefined) {
      findings.push(findingAt(source, node.start, `${what} belongs in src/host or src/cli`));
    }
  });
  return findings;
};

/** The command line: clocks, timers, sockets and entropy come from the host. */
export const leavesTheClockToTheHost: Rule = (source) => {
  const findings: Finding[] = [];
  const banned = withoutOwnNames(BANNED_IN_CLI, source);
  walk(source.program, (node, parent, field) => {
    const what = randomness(node) ?? globalName(banned, node, parent, field);
    if (what !== undefined) {
      findings.push(findingAt(source, node.start, `take ${what} from a function of src/host`));
    }
  });
  return findings;
};

/** The purity rule that binds the file at `path`. */
export function purityOf(path: string): Rule {
  const folder = folderOf(path);
  if (folder === 'host' || folder === 'web') return () => [];
  return folder === 'cli' ? leavesTheClockToTheHost : isPure;
}

function impurity(node: Node): string | undefined {
  if (node.async === true) return 'async';
  if (node.type === 'AwaitExpression' || node.await === true) return 'await';
  if (node.type === 'ImportExpression') return 'import()';
  const method = memberName(node);
  if (method !== undefined && LOCALE.has(method)) return method;
  return randomness(node);
}

function randomness(node: Node): string | undefined {
  if (memberName(node) !== 'random') return undefined;
  return (node.object as Node).name === 'Math' ? 'Math.random' : undefined;
}

function memberName(node: Node): string | undefined {
  return node.type === 'MemberExpression' && node.computed !== true
    ? String((node.property as Node).name)
    : undefined;
}

/** The banned names, less those that the file gives to something of its own. */
function withoutOwnNames(banned: ReadonlySet<string>, source: Source): Set<string> {
  const left = new Set(banned);
  walk(source.program, (node, _, field) => {
    if (field === 'id' || field === 'local') left.delete(String(node.name));
  });
  return left;
}

function globalName(
  banned: ReadonlySet<string>,
  node: Node,
  parent: Node | undefined,
  field: string,
): string | undefined {
  if (node.type !== 'Identifier' || !banned.has(String(node.name))) return undefined;
  const isMember = MEMBER_NAMES.has(field) && parent?.computed !== true;
  // `{ process }` is both a key and a reference: its value is visited on its own.
  return isMember ? undefined : String(node.name);
}
