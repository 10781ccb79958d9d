/** Images and sources that are none, and those that are. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Folder, GUESTS, PROGRAM, refuses } from './support.ts';

const folder = new Folder();
const assemble = (source: string, ...args: string[]): void => {
  execFileSync(process.execPath, [PROGRAM, 'asm', source, ...args], {
    cwd: folder.path,
    stdio: 'ignore',
  });
};

assemble(`${GUESTS}/hello.asm`, '-o', 'hello.elf');
const elf = folder.read('hello.elf');
const elf64 = Buffer.from(elf);
elf64[4] = 2;
folder.write('wide.elf', elf64);
folder.write('cut.elf', elf.subarray(0, 100));
folder.write('stub.elf', elf.subarray(0, 20));
folder.write('empty', '');
folder.write('script', '#!/bin/sh\necho hello\n');
folder.write('program.exe', Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'));
folder.write('notes', 'This is a text, and nothing that runs.\n');
folder.write('packed.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0));
folder.write('large.bin', new Uint8Array(0x100000));
folder.folder('folder');
folder.write('bad.asm', '_start: mov eax, nope\n        bogus eax\n        mov eax, [ebx\n');

describe('an image that is none ends with status 4 and is named', () => {
  refuses(folder, [
    ['run nowhere.bin', 4, 'image nowhere.bin: there is no such file, and no shipped guest'],
    ['run helo', 4, 'did you mean hello?'],
    ['run folder/', 4, 'image folder/: it is a directory'],
    ['run empty', 4, 'image empty: the image is empty'],
    ['run wide.elf', 4, 'image wide.elf: ELF image: it is a 64-bit image'],
    ['run cut.elf', 4, 'it is truncated or damaged'],
    ['run stub.elf', 4, 'it is truncated or damaged'],
    ['run script', 4, 'image script: it is a script'],
    ['run program.exe', 4, 'it is a DOS or Windows program'],
    ['run notes', 4, 'it is a text; a source must be named .asm'],
    ['run packed.gz', 4, 'compressed by gzip'],
    ['run large.bin --memory 1M', 4, 'give the machine more memory'],
    ['run large.bin --load-address 0', 4, 'the boot information lies at'],
    ['run large.bin --load-address 0xfffff000', 4, 'RAM ends at'],
    ['run large.bin --entry 0x50000000', 4, 'the entry 0x50000000 lies outside the image'],
    ['run bad.asm', 4, /^bad.asm:1:18: error: .*\n(.*\n)+bad.asm:2:9: error: /],
    ['record wide.elf -o r.vmlog', 4, 'image wide.elf'],
    ['disasm wide.elf', 4, 'image wide.elf'],
    ['disasm script', 4, 'image script: it is a script'],
  ]);

  it('and a flat binary that looks foreign runs when its load address is given', async () => {
    const { status } = await folder.vmft(
      'run program.exe --load-address 0x100000 --max-instructions 9'.split(' '),
    );
    expect(status).toBe(124);
  });
});

describe('asm', () => {
  folder.write('good.asm', readFileSync(`${GUESTS}/hello.asm`));

  it('reports several errors in one run, with file, line and column', async () => {
    const { status, stderr } = await folder.vmft(['asm', 'bad.asm']);
    expect(status).toBe(4);
    expect(stderr.match(/^bad\.asm:\d+:\d+: error: /gm)).toHaveLength(3);
  });

  refuses(folder, [
    ['asm nowhere.asm', 4, 'source nowhere.asm: there is no such file'],
    ['asm good.asm -o good.asm', 2, 'it would overwrite the source'],
    ['asm good.asm -o nowhere/x', 5, 'output nowhere/x: there is no such directory'],
    ['asm good.asm -o folder', 5, 'output folder: it is a directory'],
    ['asm good.asm -o half.elf -l nowhere/x', 5, 'listing nowhere/x: there is no such directory'],
    ['asm good.asm -D =1', 2, '-D =1: write NAME or NAME=VALUE'],
  ]);

  it('leaves no output where the listing cannot be written', () => {
    expect(() => folder.read('half.elf')).toThrow('ENOENT');
  });

  it('writes image and listing, which run and disassemble', async () => {
    const assembled = await folder.vmft('asm good.asm -o good.elf -l good.lst'.split(' '));
    expect(assembled).toMatchObject({ status: 0, stdout: '' });
    expect(folder.read('good.lst').toString()).toContain('mov esi');
    const [run, shown] = await Promise.all([
      folder.vmft(['run', 'good.elf']),
      folder.vmft(['disasm', 'good.elf']),
    ]);
    expect(run).toEqual({ status: 0, stdout: 'Hello from inside.\n', stderr: '' });
    expect(shown.stdout).toMatch(/^_start:\n {2}00100000 {2}\S+ +mov /);
  });
});
