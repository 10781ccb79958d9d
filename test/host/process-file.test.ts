/** Marks of processes: whole whenever one is read, and of a process until all of it is gone. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAlive, markOf, readMark, writeMark } from '../../src/host/process-file.ts';
import { describeWithTool } from '../support/tools.ts';
import { until } from './support.ts';

it('a mark is replaced as a whole, and nothing else is left', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-mark-'));
  const path = join(folder, 'alpha.pid');
  writeMark(path, process.pid);
  const first = readMark(path)!;
  expect(first.pid).toBe(process.pid);
  expect(isAlive(first)).toBe(true);
  const reader = openSync(path, 'r');
  writeMark(path, process.ppid);
  expect(JSON.parse(readFileSync(reader, 'utf8'))).toEqual(first);
  closeSync(reader);
  expect(readMark(path)!.pid).toBe(process.ppid);
  expect(readdirSync(folder)).toEqual(['alpha.pid']);
  rmSync(folder, { recursive: true });
});

/** Its first thread ends at once, another one when standard input does. */
const TWO_THREADS = `
  #include <pthread.h>
  #include <unistd.h>
  static void *wait(void *byte) { return read(0, byte, 1) ? byte : NULL; }
  int main(void) {
    static char byte;
    pthread_t thread;
    pthread_create(&thread, NULL, wait, &byte);
    pthread_exit(NULL);
  }
`;

describeWithTool('gcc', 'a process', () => {
  it('is there until its last thread has gone, and its ports with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmft-threads-'));
    const program = join(folder, 'threads');
    execFileSync('gcc', ['-pthread', '-x', 'c', '-o', program, '-'], { input: TWO_THREADS });
    const child = spawn(program, { stdio: ['pipe', 'ignore', 'ignore'] });
    const mark = markOf(child.pid!);
    const stat = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    await until('its first thread has ended', () => stat().includes(') Z '));
    expect(isAlive(mark)).toBe(true);
    child.stdin.end();
    await once(child, 'exit');
    expect(isAlive(mark)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
