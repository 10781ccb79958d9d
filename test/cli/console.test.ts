/** The guest's console: pipes, closed ends, terminals. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { ended, Folder, PROGRAM, shows } from './support.ts';

const folder = new Folder();
/** For a program that hangs. */
const TIMEOUT_MS = 100_000;
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
      timeout: TIMEOUT_MS,
    });
    return stdout.replaceAll('\r', '');
  };

  it('timelines are coloured', () => {
    expect(onTerminal('scenario crash-after-output', 100)).toContain('\x1b[');
  });

  it.each(isLong ? [80, 100, 140] : [80, 140])(
    'timelines keep to %i columns, with NO_COLOR uncoloured',
    (columns) => {
      const shown = onTerminal('scenario lost-update', columns, { NO_COLOR: '1' });
      expect(shown).toContain('┌ gateway');
      expect(shown).not.toContain('\x1b[');
      const lines = shown.split('\n');
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(shown).toContain('alice was answered: 11, 11');
    },
  );

  it('a line that a fault ended is followed by a new one', () => {
    folder.write('talk.asm', "_start: mov dx, 0x3f8\n mov al, 'x'\n out dx, al\n int3\n");
    expect(onTerminal(`run ${folder.at('talk.asm')}`, 80)).toMatch(/^x\nvmft: guest fault/m);
  });

  /** A guest on a terminal, and what it has shown when it has ended. */
  const onPty = (line: string) => {
    const command = `"${process.execPath}" "${PROGRAM}" ${line}`;
    const child = spawn('script', ['-qc', command, '/dev/null'], { timeout: TIMEOUT_MS });
    return { child, result: ended(child) };
  };

  it('a guest gets every key, Ctrl-C too, until Ctrl-]', async () => {
    const { child, result } = onPty('run echo');
    await shows(child, 'echo: ready');
    child.stdin.write('typed\r');
    await shows(child, 'typed\r\n');
    child.stdin.write('\x03');
    await shows(child, '\x03');
    child.stdin.write('\x1d');
    const { stdout } = await result;
    expect(stdout.match(/typed/g)).toHaveLength(1);
    expect(stdout).toContain('vmft: Ctrl-C went to the guest; Ctrl-] ends the run');
    expect(stdout).toContain('vmft: interrupted');
  });

  it('Ctrl-C ends a guest that does not read what is typed', async () => {
    const { child, result } = onPty('run clock --append ticks=100000');
    await shows(child, '0.1 s');
    child.stdin.write('\x03');
    await shows(child, 'Ctrl-] ends the run');
    child.stdin.write('\x03');
    expect((await result).stdout).toContain('vmft: interrupted');
  });

  it('the shell edits lines, is recorded, and replays', async () => {
    const log = folder.at('session.vmlog');
    const { child, result } = onPty(`record shell -o "${log}"`);
    await shows(child, '> ');
    child.stdin.write('ecko\x7f\x7fho a\x15echo b\r');
    await shows(child, '\nb\r\n');
    child.stdin.write('sleep 600000\r');
    await shows(child, 'sleep 600000\r\n');
    child.stdin.write('\x03');
    await shows(child, '^C');
    child.stdin.write('exit 3\r');
    const { stdout } = await result;
    expect(stdout).toContain('vmft: the guest ended with status 3');
    const replayed = await folder.vmft(['replay', log]);
    expect(replayed.status).toBe(0);
    const lines = replayed.stdout.split('\n');
    expect(lines.slice(-5)).toEqual(['b', '> sleep 600000', '> ^C', '> exit 3', '']);
  });
});
