/**
 * Comments and words: the head of a file, the reference sentence of each export, and what no file
 * of the tree says.
 */
import { type Finding, findingAt, type Node, type Rule } from './source.ts';

/** A file opens with a comment that says what it is. */
export const opensWithItsIdea: Rule = (source) => {
  if (/^(?:#!.*\n)?\/\*\*/.test(source.text)) return [];
  return [{ path: source.path, line: 1, remedy: 'open the file with /** what it is */' }];
};

/**
 * Every export has a doc comment. Exports on successive lines, with no empty line between, share
 * the comment above the first; the head of the file is the comment of the export whose name it has.
 */
export const exportsAreDocumented: Rule = (source) => {
  const findings: Finding[] = [];
  let end = 0;
  let documented = false;
  for (const node of source.program.body as Node[]) {
    const between = source.text.slice(end, node.start);
    const commented = /\*\/\s*$/.test(between) && !/\*\/\s*?\n\s*?\n\s*$/.test(between);
    const isHead = end === 0 && between.split('/**').length < 3;
    documented = (commented && !isHead) || (documented && !/\n\s*\n/.test(between));
    end = node.end;
    if (isOwnExport(node) && !documented && !isNamedAsTheFile(node, source.path)) {
      findings.push(findingAt(source, node.start, 'write the reference sentence of this export'));
    }
  }
  return findings;
};

/** Whether a statement exports something that it declares itself (not a re-export or a list). */
function isOwnExport(node: Node): boolean {
  return /^Export(Named|Default)Declaration$/.test(node.type) && Boolean(node.declaration);
}

/** Whether a statement exports what the file is named after, as log-file.ts after `LogFile`. */
function isNamedAsTheFile(node: Node, path: string): boolean {
  const declaration = node.declaration as { id?: Node | null };
  const file = path.split('/').at(-1)?.replace(/\.ts$/, '').replaceAll('-', '');
  return String(declaration.id?.name).toLowerCase() === file;
}

/** Words for work that is left (a bracket in each keeps this line from convicting itself). */
const UNFINISHED = /\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/;

/** Folders of somebody's own computer, and the hosts that packages were fetched from. */
const SOMEBODYS = /(?:^|[\s'"`(=:])\/(?:work|home|root|Users|tmp)\/|"resolve[d]":|\/\/registr[y]\./;

/** What no text of the tree says: left-over work, paths of one computer, hosts of a registry. */
export function saysNothingForeign(path: string, text: string): Finding[] {
  return text.split('\n').flatMap((line, index): Finding[] => {
    const remedy = UNFINISHED.test(line)
      ? 'finish the work, or take the note out'
      : SOMEBODYS.test(line)
        ? 'name nothing that exists on one computer only'
        : undefined;
    return remedy === undefined ? [] : [{ path, line: index + 1, remedy }];
  });
}

/** Modifiers by which a test file would leave tests out. */
const LEFT_OUT = /\b(?:it|test|describe|suite)\s*\.\s*(?:skip|only|todo|skipIf|runIf|fails)\b/;

/** No test is left out. The one place that skips by name is test/support/tools.ts. */
export function leavesNoTestOut(path: string, text: string): Finding[] {
  if (path === 'test/support/tools.ts') return [];
  return text.split('\n').flatMap((line, index) => {
    if (!LEFT_OUT.test(line)) return [];
    return [{ path, line: index + 1, remedy: 'mend the test, or use describeWithTool' }];
  });
}

/** Names of files and folders are in kebab case. */
export function isKebabCase(path: string): Finding[] {
  const own = path.split('/').every((part) => /^\.?[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part));
  return own ? [] : [{ path, line: 1, remedy: 'name the file in kebab case' }];
}
