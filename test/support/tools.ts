/**
 * Tests that hold vmft against a program that we did not write (nasm, gcc, QEMU …). Where such a
 * tool is missing they are skipped by name; with CI set in the environment they fail instead, so
 * that an oracle cannot vanish unnoticed.
 */
import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

/** Whether `tool` can be started from the PATH. */
export function hasTool(tool: string): boolean {
  return spawnSync('sh', ['-c', `command -v "$0"`, tool]).status === 0;
}

/**
 * As vitest's `describe`, for tests that need a tool, or all of several. `title` states the rule;
 * the names of missing tools are added to it.
 */
export function describeWithTool(
  tools: string | readonly string[],
  title: string,
  body: () => void,
): void {
  const missing = [tools].flat().filter((tool) => !hasTool(tool));
  const reason = missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
  describeUnless(reason, title, body);
}

/** The same, for tests that also make network namespaces, which root may do. */
export function describeWithNamespaces(
  tools: readonly string[],
  title: string,
  body: () => void,
): void {
  const isRoot = process.getuid?.() === 0;
  const mayMake = isRoot && hasTool('ip') && spawnSync('ip', ['netns', 'list']).status === 0;
  describeUnless(mayMake ? undefined : 'needs root and network namespaces', title, () => {
    describeWithTool(tools, 'with its tools', body);
  });
}

/**
 * As vitest's `describe`, for tests that cannot be run here for the `reason` given, if one is. It
 * is added to the title.
 */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) {
    describe(title, body);
  } else if (process.env.CI) {
    it(title, () => {
      throw new Error(`cannot be skipped where CI is set: ${reason}`);
    });
  } else {
    describe.skip(`${title} (skipped: ${reason})`, body);
  }
}
