/** Guests that go wrong, the status of a run, --json and disks. */
import { describe, expect, it } from 'vitest';
import { Folder, fails, refuses } from './support.ts';

const folder = new Folder();
folder.write('nowhere.asm', '_start: mov eax, 0x40000000\n        jmp eax\n');
folder.write('stray.asm', '_start: mov eax, 0x20000000\n        mov [eax], eax\n');
folder.write('loop.asm', '_start: cli\n.again: jmp .again\n');
folder.write('dead.asm', '_start: cli\n        hlt\n');
folder.write('seven.asm', '_start: mov al, 7\n        out 0xf4, al\n');
folder.write(
  'talk.asm',
  `_start: mov dx, 0x3f8
        mov al, 'x'
        out dx, al
        mov al, 'y'
        out dx, al
        int3
`,
);
folder.write(
  'garbage.asm',
  `_start: mov ebx, 0xfeb00000 ; the entropy device
        mov ecx, 0xffffffff
.again: mov dword [ebx + 0x70], 0xf     ; status without the steps before it
        mov [ebx + 0x38], ecx           ; queue size
        mov [ebx + 0x80], ecx           ; rings outside of memory
        mov [ebx + 0x90], ecx
        mov [ebx + 0xa0], ecx
        mov dword [ebx + 0x44], 1
        mov dword [ebx + 0x50], 0
        mov [ebx + 0x50], ecx
        sub ecx, 0x01010101
        jnz .again
        mov al, 0
        out 0xf4, al
`,
);
const words = (line: string): string[] => line.split(' ');

describe('a guest that goes wrong ends with status 3, or 124 at the limit', () => {
  fails(folder, [
    ['run nowhere.asm', 3, 'guest fault: exception 6 at eip 0x40000000'],
    ['run --strict nowhere.asm', 3, /fetch from address 0x40000000.* eip 0x40000000, count 2$/m],
    [
      'run --strict stray.asm',
      3,
      /write to address 0x20000000 \(4 bytes\).* eip 0x100005, count 1$/m,
    ],
    ['run dead.asm', 3, 'guest fault: halted, and nothing is left that could wake it'],
    ['run loop.asm --max-instructions 1e6', 124, 'stopped after 1,000,000 instructions'],
    ['run loop.asm --max-instructions 0', 124, 'stopped after 0 instructions'],
  ]);

  it('survives a guest that programs a queue with garbage', async () => {
    const result = await folder.vmft(words('run garbage.asm --max-instructions 1e6'));
    expect(result).toMatchObject({ status: 0, stdout: '' });
  });

  it('shows the line that a faulting guest had begun, in run, record and replay', async () => {
    const run = await folder.vmft(words('run talk.asm'));
    expect(run).toMatchObject({ status: 3, stdout: 'xy' });
    const recorded = await folder.vmft(words('record talk.asm -o talk.vmlog'));
    expect(recorded).toMatchObject({ status: 3, stdout: 'xy' });
    const replayed = await folder.vmft(words('replay talk.vmlog'));
    expect(replayed).toMatchObject({ status: 0, stdout: 'xy' });
  });
});

describe('the status of a run', () => {
  it('is 0 when the guest ends, and the guest’s own with --guest-exit-code', async () => {
    const [plain, own] = await Promise.all([
      folder.vmft(words('run seven.asm')),
      folder.vmft(words('run seven.asm --guest-exit-code')),
    ]);
    expect(plain).toMatchObject({ status: 0, stderr: 'vmft: the guest ended with status 7\n' });
    expect(own).toEqual({ status: 7, stdout: '', stderr: '' });
  });

  it('is 0 or 1 by --expect-text and --fail-text', async () => {
    const runs = ['--expect-text inside', '--expect-text nothing', '--fail-text inside'];
    const results = await Promise.all(
      runs.map((words) => folder.vmft(`run hello ${words}`.split(' '))),
    );
    expect(results.map(({ status }) => status)).toEqual([0, 1, 1]);
    expect(results[1]!.stderr).toBe('vmft: the console never showed "nothing"\n');
    expect(results[2]!.stderr).toBe('vmft: the console shows "inside", as it must not\n');
  });

  it('ends a guest that would go on when its text has appeared', async () => {
    const { status } = await folder.vmft(
      words('run clock --append ticks=100000 --expect-text 0.2'),
    );
    expect(status).toBe(0);
  });
});

describe('--json', () => {
  it('prints one document instead of the console', async () => {
    const { status, stdout, stderr } = await folder.vmft(words('run hello --json'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      end: 'exit',
      exit: 0,
      console: 'Hello from inside.\n',
      stateDigest: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('tells of a fault, and of the line begun', async () => {
    const { status, stdout } = await folder.vmft(words('run talk.asm --json'));
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ end: 'fault', exit: null, console: 'xy' });
  });

  it('is the same for the same seed in virtual time, and another for another', async () => {
    const of = async (seed: number): Promise<{ stateDigest: string }> =>
      JSON.parse(
        (await folder.vmft(words(`run dice --time virtual --seed ${seed} --json`))).stdout,
      );
    const [a, b, c] = await Promise.all([of(1), of(1), of(2)]);
    expect(a.stateDigest).toBe(b.stateDigest);
    expect(a.stateDigest).not.toBe(c.stateDigest);
  });
});

describe('a disk', () => {
  folder.write('odd.img', new Uint8Array(1000));
  folder.write('none.img', '');
  folder.write('disk.img', new Uint8Array(20480));
  folder.folder('folder');

  refuses(folder, [
    ['run journal --disk odd.img', 4, '"truncate -s %512 odd.img" fills up the last'],
    ['run journal --disk none.img', 4, 'disk none.img: it is empty'],
    ['run journal --disk nowhere.img', 5, 'disk nowhere.img: there is no such file'],
    ['run journal --disk folder', 5, 'disk folder: it is a directory'],
    ['run journal --disk disk.img --disk ./disk.img', 2, 'it is there twice'],
    [
      `run hello${' --disk disk.img'.repeat(8)}`,
      2,
      'the board has 8 slots, one of them for entropy',
    ],
  ]);

  it('keeps what the guest wrote for its next run', async () => {
    const first = await folder.vmft(words('run journal --disk disk.img --append records=3'));
    expect(first.stdout).toContain('recovered 0\n');
    const second = await folder.vmft(words('run journal --disk disk.img --append records=1'));
    expect(second.stdout).toContain('recovered 3\n');
  });
});
