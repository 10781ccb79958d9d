/** Runs every example of every help text. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { isLong } from '../support/runs.ts';
import { ended, Folder, GUESTS, PROGRAM, SCENARIOS, vmftHere } from './support.ts';

const folder = new Folder();
const COMMANDS = [
  'run',
  'asm',
  'disasm',
  'record',
  'replay',
  'log',
  'log verify',
  'log diff',
  'scenario',
  'scenario list',
  'explore',
  'soak',
  'mutants',
  'vectors',
  'demo',
  'protect',
  'status',
  'stop',
  'switch-over',
  'throttle',
  'snapshot',
  'crash',
  'host',
  'disk',
  'disk check',
  'gateway',
  'supervisor',
  'version',
];
/** Commands whose examples are run in the long checks. */
const LONG = ['explore', 'soak', 'mutants', 'scenario', 'demo'];
/** Examples of programs that wait for their clients for ever, and of what acts on them. */
const SERVERS =
  /--publish|--tap|--config|vmft (status|stop|switch-over|throttle|snapshot|crash|disk check) /;

beforeAll(async () => {
  const source = readFileSync(`${GUESTS}/hello.asm`);
  for (const name of ['hello.asm', 'boot.asm']) folder.write(name, source);
  folder.write('disk.img', new Uint8Array(1 << 20));
  folder.copy(`${SCENARIOS}/lost-update.yaml`, 'my.yaml');
  folder.copy(`${SCENARIOS}/lost-update.requests`, 'lost-update.requests');
  const record = (line: string) => folder.vmft(['record', ...line.split(' ')]);
  await Promise.all([
    record('dice -o a.vmlog --time virtual'),
    record('dice -o b.vmlog --time virtual'),
    folder.vmft(['asm', 'hello.asm', '-o', 'kernel.elf']),
  ]);
  writeFileSync(folder.at('hello.elf'), folder.read('kernel.elf'));
});

const examplesOf = (help: string): string[] =>
  [...help.split(/\nExamples?:\n/)[1]!.matchAll(/^ {2}(\S.*?)(?: {2,}.*)?$/gm)].map(
    ([, line]) => line!,
  );

/** Runs a line in which `vmft` is the program under test. */
const shell = (line: string) =>
  ended(
    spawn('sh', ['-c', `vmft() { "$NODE" "$PROGRAM" "$@"; }\n${line}`], {
      cwd: folder.path,
      env: { ...process.env, NODE: process.execPath, PROGRAM },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );

describe('the help of every command ends in examples that work', () => {
  it.each(COMMANDS)('%s', async (command) => {
    const { status, stdout } = await vmftHere(folder, [...command.split(' '), '--help']);
    expect(status).toBe(0);
    const examples = examplesOf(stdout);
    expect(examples.length).toBeGreaterThan(0);
    const ending = examples.filter((line) => !SERVERS.test(line));
    for (const example of !isLong && LONG.includes(command) ? [] : ending) {
      const { status, stderr } = await shell(example);
      const convicted = example.includes('--without');
      expect(status, `${example}\n${stderr}`).toBe(convicted ? 1 : 0);
    }
  });

  it('and names only commands that exist', async () => {
    const { stdout } = await folder.vmft(['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+) .*$/gm)].map(([, name]) => name);
    const known = new Set(COMMANDS.map((command) => command.split(' ')[0]));
    expect(new Set(listed)).toEqual(new Set([...known, 'help', 'vmft']));
  });
});
