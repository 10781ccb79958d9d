/**
 * The model of go-live and re-protection (go-live.pml) checked by spin: no interleaving violates
 * it, and without any of the rules that protocol.md §4 marks as needed some interleaving does.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';

const MODEL = fileURLToPath(new URL('go-live.pml', import.meta.url));

/** The longest path that is followed, in steps; a longer one is reported as an error. */
const DEPTH = 10_000;

interface Verdict {
  readonly violated: string | undefined;
  readonly states: number;
}

/** Every reachable state of the model, with macros such as `OFF=8`, until one is wrong. */
function check(...macros: string[]): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-model-'));
  const run = (tool: string, ...args: string[]): string =>
    execFileSync(tool, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    run('spin', '-a', ...macros.map((macro) => `-D${macro}`), MODEL);
    // Optimising pays for the large model only.
    const optimise = macros.includes('HOSTS=3') ? '-O2' : '-O0';
    run('gcc', optimise, '-w', '-DSAFETY', '-o', 'pan', 'pan.c');
    const report = run(join(folder, 'pan'), `-m${DEPTH}`, '-w22', '-n');
    expect(report, 'a path was cut off').not.toContain('max search depth too small');
    const states = Number(/(\d+) states, stored/.exec(report)?.[1]);
    expect(report).toContain('invalid end states\t+');
    return { violated: /^pan:1: (.*) \(at depth/m.exec(report)?.[1], states };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What an assertion of the model is about, by a piece of its text. */
const PROPERTIES = {
  consistent: 'writingAuthor',
  'in order': 'lastOrdinal',
  complete: 'taken[ordinal]',
  'one live': 'assertion violated 0',
} as const;

describeWithTool(['spin', 'gcc'], 'the model of go-live and re-protection', () => {
  it('holds with all rules, in every interleaving of two hosts, two crashes and a restart', () => {
    const { violated, states } = check();
    expect(violated).toBeUndefined();
    expect(states).toBeGreaterThan(100_000);
  });

  const rules: readonly [number, string, keyof typeof PROPERTIES][] = [
    [1, 'whoever goes on alone wins the test-and-set of the generation', 'consistent'],
    [2, 'the disk compares tokens, not generations', 'in order'],
    [3, 'a primary that asks keeps the Output Rule', 'consistent'],
    [4, 'acknowledgements count from the present channel only', 'consistent'],
    [5, 'released means that the receiver has confirmed', 'complete'],
    [6, 'no answer from the arbiter is no permission', 'consistent'],
    [7, 'nothing is acknowledged once the go-live point is fixed', 'consistent'],
    [8, 'a winning backup raises the fence before it goes live', 'in order'],
    [11, 'the Output Rule is on before the last round of a copy', 'consistent'],
    [12, 'a begun generation is left only by winning it', 'consistent'],
    [14, 'a joining host never claims', 'consistent'],
    [15, 'a restarted host is empty and claims nothing', 'consistent'],
  ];
  // One in six, and all of them in the long checks.
  it.each(rules.filter((_, n) => n % 6 === 0 || isLong))(
    'fails without rule %i: %s',
    (rule, _title, property) => {
      expect(check(`OFF=${rule}`).violated).toContain(PROPERTIES[property]);
    },
  );

  if (isLong) {
    it('holds with all rules and three hosts', () => {
      const { violated, states } = check('HOSTS=3');
      expect(violated).toBeUndefined();
      expect(states).toBeGreaterThan(10_000_000);
    });
  }
});
