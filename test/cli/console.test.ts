/** The guest's console: pipes, closed ends, terminals. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeWithTool } from '../support/tools.ts';
import { ended, Folder, PROGRAM, shows } from './support.ts';

const folder = new Folder();
const words = (line: string): string[] => line.split(' ');
const shell = (line: string) =>
  ended(spawn('sh', ['-c', line], { env: { ...process.env, NODE: process.execPath, PROGRAM } }));

describe('the guest’s console', () => {
  it('is stdin and stdout; the end of a pipe is control-D', async () => {
    const result = await folder.vmft(['run', 'echo'], { stdin: 'one\ntwo\n' });
    expect(result).toEqual({ status: 0, stdout: 'echo: ready\none\ntwo\n', stderr: '' });
  });

  it('may have a closed stdin', async () => {
    const result = await shell('"$NODE" "$PROGRAM" run echo <&-');
    expect(result).toEqual({ status: 0, stdout: 'echo: ready\n', stderr: '' });
  });

  it('may be closed by its reader', async () => {
    const lines = await shell('"$NODE" "$PROGRAM" run clock --append ticks=3000 | head -1');
    expect(lines.stdout).toMatch(/^0\.1 s/);
    const listing = await shell('"$NODE" "$PROGRAM" disasm primes | head -1');
    expect(listing).toEqual({ status: 0, stdout: '_start:\n', stderr: '' });
  });

  it('ends with status 5 where what it shows cannot be written', async ({ skip }) => {
    if (!existsSync('/dev/full')) skip();
    const { status, stderr } = await shell('"$NODE" "$PROGRAM" run hello >/dev/full');
    expect(stderr).toBe('vmft: standard output: no space is left on the device\n');
    expect(status).toBe(5);
  });
});

describeWithTool('script', 'on a terminal', () => {
  /** What a terminal of this width shows. (With CI set, chalk would take it for a log.) */
  const onTerminal = (line: string, columns: number, env = {}): string => {
    const command = `stty cols ${columns}; "${process.execPath}" "${PROGRAM}" ${line}`;
    const { stdout } = spawnSync('script', ['-qc', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, CI: undefined, NO_COLOR: '', TERM: 'xterm-256color', ...env },
      input: '',
      timeout: 30_000,
    });
    return stdout.replaceAll('\r', '');
  };

  it('timelines are coloured, but with NO_COLOR not', () => {
    expect(onTerminal('scenario test-and-set', 100)).toContain('\x1b[');
    const plain = onTerminal('scenario test-and-set', 100, { NO_COLOR: '1' });
    expect(plain).toContain('┌ gateway');
    expect(plain).not.toContain('\x1b[');
  });

  it.each([80, 100, 140])('timelines keep to %i columns', (columns) => {
    const shown = onTerminal('scenario lost-update', columns, { NO_COLOR: '1' });
    const lines = shown.split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(shown).toContain('alice was answered: 11, 11');
  });

  it('a line that a fault ended is followed by a new one', () => {
    folder.write('talk.asm', "_start: mov dx, 0x3f8\n mov al, 'x'\n out dx, al\n int3\n");
    expect(onTerminal(`run ${folder.at('talk.asm')}`, 80)).toMatch(/^x\nvmft: guest fault/m);
  });

  it('a guest reads what is typed, until Ctrl-C', async () => {
    const command = `"${process.execPath}" "${PROGRAM}" run echo`;
    const child = spawn('script', ['-qc', command, '/dev/null'], { timeout: 30_000 });
    const result = ended(child);
    await shows(child, 'echo: ready');
    child.stdin.write('typed\n');
    await shows(child, 'typed\r\ntyped');
    child.stdin.write('\x03');
    expect((await result).stdout).toContain('vmft: interrupted');
  });
});

describe('colour and width', () => {
  it('are for terminals only', async () => {
    const { stdout } = await folder.vmft(words('scenario test-and-set'));
    expect(stdout).not.toContain('\x1b[');
  });
});
