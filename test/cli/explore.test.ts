/** vmft explore: parts that are put together, and the file from which a stopped one goes on. */
import { describe, expect, it } from 'vitest';
import type { Exploration } from '../../src/sim/explore/exploration.ts';
import { Folder, refuses } from './support.ts';

const folder = new Folder();
const words = (line: string): string[] => line.split(' ');

/** What a part of an exploration has found. */
async function explored(options: string): Promise<Exploration> {
  const command = `explore lost-update --workers 1 --json ${options}`;
  const { status, stdout, stderr } = await folder.vmft(words(command));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Exploration;
}

/** What an exploration was in the middle of its places. */
function half(found: Exploration): Exploration {
  const count = found.at.length >> 1;
  const [first] = found.range;
  const rows = found.rows.map(({ fault, letters }) => ({
    fault,
    letters: letters.slice(0, count),
  }));
  return { ...found, range: [first, first + count], at: found.at.slice(0, count), rows };
}

describe('vmft explore', () => {
  const whole = explored('--shard 60/60 --state state.json');

  it('draws the same map of parts as of the whole, and says what is missing', async () => {
    const [first, second] = [await explored('--shard 119/120'), await explored('--shard 120/120')];
    folder.write('119.json', JSON.stringify(first));
    folder.write('120.json', JSON.stringify(second));
    folder.write('half.json', JSON.stringify(half(first)));
    const merge = 'explore --merge --json 120.json';
    const merged = await folder.vmft(words(`${merge} 119.json`));
    expect(merged.status).toBe(0);
    const { range, at, rows, verdicts } = JSON.parse(merged.stdout) as Exploration;
    expect(await whole).toMatchObject({ range, at, rows, verdicts });
    const [from, to] = [half(first).range[1], second.range[0] - 1];
    const refused = await folder.vmft(words(`${merge} half.json`));
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain(`places ${from} to ${to} are in none`);
  });

  it('goes on from a state file where it was', async () => {
    const { range, rows } = await whole;
    const kept = JSON.parse(folder.read('state.json').toString()) as { parts: Exploration[] };
    expect(kept.parts[0]!.rows).toEqual(rows);
    folder.write('state.json', JSON.stringify({ ...kept, parts: [half(await whole)] }));
    const again = await explored('--shard 60/60 --state state.json');
    expect(again).toMatchObject({ range, rows });
  });
});

describe('an exploration that makes no sense is refused', () => {
  folder.write('noise.json', '{"range":[0,3],"rows":[null]}');
  folder.write('empty.json', '{"format":"vmft explore state 1","parts":[{}]}');
  refuses(folder, [
    ['explore --merge noise.json', 4, 'noise.json is no exploration'],
    ['explore lost-update --state noise.json', 4, 'noise.json is not what --state has written'],
    ['explore lost-update --state empty.json', 4, 'empty.json is not what --state has written'],
  ]);
});
