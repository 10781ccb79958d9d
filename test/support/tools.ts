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
  if (missing.length === 0) {
    describe(title, body);
  } else if (process.env.CI) {
    it(title, () => {
      throw new Error(`${missing.join(', ')} must be installed where CI is set`);
    });
  } else {
    describe.skip(`${title} (skipped: needs ${missing.join(', ')})`, body);
  }
}
