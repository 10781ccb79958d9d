/** A history that cannot be, as a picture: all its operations, and the impossible one in red. */
import { expect, it } from 'vitest';
import { historySvg } from '../../src/cli/history-svg.ts';
import { checkHistory } from '../../src/sim/linearizability.ts';
import { MODELS } from '../../src/sim/models.ts';

const told = (client: string, request: string, answer: string | undefined, ms: number) => ({
  ...{ client, request, answer },
  calledNs: ms * 1e6,
  returnedNs: (ms + 1) * 1e6,
});

it('a lane for each client, a bar for each operation, one of them red', () => {
  const history = [
    told('alice', 'set x 1', 'ok', 0),
    told('bob', 'set x <2>', undefined, 2),
    told('alice', 'get x', '3', 4),
  ];
  const [failing] = checkHistory(history, MODELS.kv);
  const svg = historySvg(failing!);
  expect(svg).toMatch(/^<svg [^>]*>[\s\S]*<\/svg>\n$/);
  expect(svg.match(/<rect /g)).toHaveLength(3);
  expect(svg.match(/<rect [^>]*fill="#c0392b"/g)).toHaveLength(1);
  for (const words of ['alice', 'bob', 'get x → 3', 'set x &lt;2> → no answer']) {
    expect(svg).toContain(words);
  }
});
