/** The pages in docs/: what is generated is current, and what is named exists. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scenarioLines } from '../../src/cli/scenario.ts';
import { filesOf } from '../style/source.ts';
import { isaPage } from './isa-page.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const files = filesOf(root);

/** Names, without their ending, of the files in a folder that have it. */
function namesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length));
}

it('docs/isa.md is the one that "npm run docs" writes', async () => {
  await expect(isaPage()).toMatchFileSnapshot('../../docs/isa.md');
});

it('every page that a comment names is in docs/, or lies where the comment says', () => {
  const missing: string[] = [];
  for (const path of files.filter((name) =>
    /^(src|test|programs)\/.*\.(ts|asm|yaml)$/.test(name),
  )) {
    for (const [page] of text(path).matchAll(/\b[\w/-]+\.md\b/g)) {
      const places = [page, `docs/${page}`, join(dirname(path), page)];
      if (!places.some((place) => existsSync(join(root, place)))) missing.push(`${path}: ${page}`);
    }
  }
  expect(missing).toEqual([]);
});

it('every link between pages leads somewhere', () => {
  const broken: string[] = [];
  for (const path of files.filter((name) => name.endsWith('.md'))) {
    for (const [, target] of text(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      if (!existsSync(join(root, dirname(path), target!))) broken.push(`${path}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

it('"vmft scenario" prints the lines from which the pages are made', async () => {
  const command = ['dist/bin/main.js', 'scenario', 'crash-after-output'];
  const env = { ...process.env, NO_COLOR: '1' };
  const { stdout } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', env });
  expect(stdout).toBe(`${(await scenarioLines('crash-after-output')).join('\n')}\n`);
});

/** What `vmft scenario` prints beside the timeline. */
async function outcomeOf(name: string): Promise<string> {
  const lines = await scenarioLines(name);
  const isTimeline = (line: string) =>
    line === '' || /^ *[\d.]+ ms /.test(line) || /[┌│]/.test(line);
  return lines.filter((line) => !isTimeline(line)).join('\n');
}

for (const name of namesIn('docs/scenarios', '.md')) {
  it(`docs/scenarios/${name}.md shows what "vmft scenario ${name}" prints`, async () => {
    const path = `docs/scenarios/${name}.md`;
    const outcome = `${await outcomeOf(name)}\n`;
    const page = text(path).replace(/(?<=^```text outcome\n)[\s\S]*?(?=^```)/m, () => outcome);
    await expect(page).toMatchFileSnapshot(join(root, path));
  });
}

it('every scenario that is shipped has a page, and every page a scenario', () => {
  expect(namesIn('docs/scenarios', '.md')).toEqual(namesIn('src/sim/scenarios', '.yaml'));
});

it('every source file of which the architecture speaks exists', () => {
  const named = [...text('docs/architecture.md').matchAll(/`((?:src|test|programs)\/[\w./-]+)`/g)];
  expect(named.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual(
    [],
  );
});
