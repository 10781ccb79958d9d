/** What processes say of themselves: the two formats, and refusals that are too many. */
import { describe, expect, it } from 'vitest';
import { errorOf, Log, type LogFormat } from '../../src/host/log.ts';

function logOf(format: LogFormat) {
  const lines: string[] = [];
  let ms = 0;
  const log = new Log({
    format,
    part: 'alpha',
    machine: 'kv-1',
    write: (line) => lines.push(line),
    nowMs: () => ms,
  });
  return { log, lines, pass: (by: number) => (ms += by) };
}

describe('a log', () => {
  it('says when, how grave, who and what; in both formats the last error is found', () => {
    const { log, lines } = logOf('text');
    log.info('begins');
    log.generation = 3;
    log.error('disk full: make room');
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {4}alpha\/0 begins$/);
    expect(lines[1]).toMatch(/Z error {3}alpha\/3 disk full: make room$/);
    expect(errorOf(lines)).toBe('disk full: make room');
    const json = logOf('json');
    json.log.generation = 2;
    json.log.warn('a "quote"\nand a line');
    json.log.error('port in use');
    expect(json.lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        time: expect.stringMatching(/^\d{4}-/),
        level: 'warning',
        part: 'alpha',
        machine: 'kv-1',
        generation: 2,
        message: 'a "quote"\nand a line',
      },
      { level: 'error', message: 'port in use' },
    ]);
    expect(errorOf(json.lines)).toBe('port in use');
    expect(errorOf(['{"level":"err', 'whatever'])).toBeUndefined();
  });

  it('counts every refusal, and tells of few', () => {
    const { log, lines, pass } = logOf('text');
    for (let time = 0; time < 1000; time++) {
      log.refuse('stranger', `number ${time}`);
      pass(20);
    }
    log.refuse('repeated', 'another kind');
    expect(log.refusals).toEqual({ stranger: 1000, repeated: 1 });
    expect(log.refused).toBe(1001);
    expect(lines.map((line) => line.split('refuses ')[1])).toEqual([
      ...[0, 1, 2, 3, 4].map((time) => `(stranger) number ${time}`),
      '(stranger) number 504 (and 499 more)',
      '(repeated) another kind',
    ]);
  });
});
