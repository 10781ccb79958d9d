/** record, replay and log: damaged files, and recorders that are stopped. */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ended, Folder, refuses, shows } from './support.ts';

const folder = new Folder();
const words = (line: string): string[] => line.split(' ');

beforeAll(async () => {
  await Promise.all([
    folder.vmft(words('record dice -o dice.vmlog --time virtual --seed 3')),
    folder.vmft(words('record dice -o other.vmlog --time virtual --seed 4')),
  ]);
  const whole = folder.read('dice.vmlog');
  const altered = (at: number, change: (byte: number) => number): Uint8Array => {
    const bytes = Uint8Array.from(whole);
    bytes[at] = change(bytes[at]!);
    return bytes;
  };
  folder.write('empty.vmlog', '');
  folder.write('foreign.vmlog', 'this is no recording\n');
  folder.write('cut.vmlog', whole.subarray(0, whole.length - 5));
  folder.write('stub.vmlog', whole.subarray(0, 2000));
  folder.write(
    'flipped.vmlog',
    altered(2000, (byte) => byte ^ 1),
  );
  folder.write(
    'newer.vmlog',
    altered(8, () => 99),
  );
  folder.folder('folder');
});

describe('a recording that cannot be read ends with status 4 and says why', () => {
  const reasons = [
    ['nowhere.vmlog', 'recording nowhere.vmlog: there is no such file'],
    ['folder', 'recording folder: it is a directory'],
    ['empty.vmlog', 'empty.vmlog: not a recording'],
    ['foreign.vmlog', 'foreign.vmlog: not a recording'],
    ['stub.vmlog', 'stub.vmlog: the header of the recording is damaged'],
    ['flipped.vmlog', 'flipped.vmlog: the header of the recording is damaged'],
    [
      'newer.vmlog',
      'format version 99, and this vmft reads version 2: replay it with a newer vmft',
    ],
  ] as const;
  const commands = ['replay FILE', 'log FILE', 'log verify FILE', 'log diff other.vmlog FILE'];
  refuses(
    folder,
    reasons.flatMap(([file, reason], index) => [
      [`replay ${file}`, 4, reason] as const,
      [commands[index % 4]!.replace('FILE', file), 4, reason] as const,
    ]),
  );
});

describe('a recording', () => {
  it('replays to what it recorded', async () => {
    const { status, stdout, stderr } = await folder.vmft(words('replay dice.vmlog'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(rdrand|virtio): [1-6 ]+\nchecksum [0-9a-f]{8}\n$/);
    expect(stderr).toMatch(/^vmft: 45 entries and 1 digest agree over 3,386 instructions; state/);
  });

  it('that is cut short replays as far as it goes, with status 4', async () => {
    const { status, stdout, stderr } = await folder.vmft(words('replay cut.vmlog'));
    expect(status).toBe(4);
    expect(stdout).toContain('checksum');
    expect(stderr).toContain('the last good entry is 44 at instruction 3386; it replays to there');
  });

  it('is made again, byte for byte, by the same seed in virtual time', async () => {
    await folder.vmft(words('record dice -o again.vmlog --time virtual --seed 3'));
    expect(folder.read('again.vmlog').equals(folder.read('dice.vmlog'))).toBe(true);
  });

  it('is listed, filtered and measured', async () => {
    const [lines, kinds, stats] = await Promise.all([
      folder.vmft(words('log dice.vmlog --jsonl')),
      folder.vmft(words('log dice.vmlog --kind tsc --json')),
      folder.vmft(words('log dice.vmlog --stats')),
    ]);
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
    ).toEqual(Array.from({ length: 45 }, (_, seq) => seq));
    expect(JSON.parse(kinds.stdout)).toHaveLength(20);
    expect(stats.stdout).toMatch(/^all +45 /m);
  });

  it('is sound, or differs from another at a named entry with status 1', async () => {
    const [sound, same, other] = await Promise.all([
      folder.vmft(words('log verify dice.vmlog')),
      folder.vmft(words('log diff dice.vmlog dice.vmlog')),
      folder.vmft(words('log diff dice.vmlog other.vmlog')),
    ]);
    expect(sound).toEqual({ status: 0, stdout: 'dice.vmlog: 45 entries, all sound\n', stderr: '' });
    expect(same).toMatchObject({ status: 0, stdout: 'the recordings replay alike\n' });
    expect(other.status).toBe(1);
    expect(other.stdout).toMatch(
      /^the recordings differ at entry 0\n {2}dice.vmlog +#0 @763 entropy/,
    );
  });

  refuses(folder, [
    ['log dice.vmlog --kind tcs', 2, '--kind tcs: there is no such kind; did you mean tsc?'],
    ['replay dice.vmlog --from-checkpoint 2', 2, '"vmft record --checkpoint-every N" makes some'],
    ['record dice.vmlog -o x.vmlog', 4, 'it is a recording, for "vmft replay"'],
    ['record hello -o nowhere/x.vmlog', 5, 'recording nowhere/x.vmlog: there is no such directory'],
    ['record hello -o folder', 5, 'recording folder: it is a directory'],
    ['record helo -o none.vmlog', 4, 'did you mean hello?'],
    ['record dice.vmlog -o ./dice.vmlog', 2, 'it would overwrite dice.vmlog; name another file'],
  ]);

  it('is not begun, and destroys nothing, when the guest cannot be run', async () => {
    const before = folder.read('other.vmlog');
    await folder.vmft(words('record hello -o other.vmlog --memory 3'));
    expect(folder.read('other.vmlog').equals(before)).toBe(true);
    expect(existsSync(folder.at('none.vmlog'))).toBe(false);
  });

  it('ends with status 5 where the disk is full', async ({ skip }) => {
    if (!existsSync('/dev/full')) skip();
    const { status, stderr } = await folder.vmft(words('record hello -o /dev/full'));
    expect(stderr).toBe('vmft: recording /dev/full: no space is left on the device\n');
    expect(status).toBe(5);
  });
});

describe('a recorder that is stopped', () => {
  const record = async (file: string, signal: NodeJS.Signals) => {
    const child = folder.start(words(`record clock --append ticks=100000 -o ${file}`), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const result = ended(child);
    await shows(child, '0.5 s');
    child.kill(signal);
    return result;
  };

  it('by Ctrl-C completes its recording', async () => {
    const { status, stderr } = await record('interrupted.vmlog', 'SIGINT');
    expect({ status, last: stderr.split('\n').at(-2) }).toEqual({
      status: 124,
      last: 'vmft: interrupted',
    });
    const replayed = await folder.vmft(words('replay interrupted.vmlog'));
    expect(replayed).toMatchObject({ status: 0, stdout: expect.stringContaining('0.5 s') });
  });

  it('by kill -9 leaves a good prefix that replays', async () => {
    await record('killed.vmlog', 'SIGKILL');
    const { status, stdout, stderr } = await folder.vmft(words('replay killed.vmlog'));
    expect(status).toBe(4);
    expect(stdout).toContain('0.2 s');
    expect(stderr).toMatch(/the last good entry is \d+ at instruction \d+; it replays to there/);
  });

  it('by a reader that has seen enough completes its recording', async () => {
    const child = folder.start(words('record clock --append ticks=100000 -o read.vmlog'), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const result = ended(child);
    await shows(child, '0.1 s');
    child.stdout!.destroy();
    expect((await result).stderr).toContain('vmft: interrupted');
    expect(readFileSync(folder.at('read.vmlog')).length).toBeGreaterThan(1000);
    expect(await folder.vmft(words('log verify read.vmlog'))).toMatchObject({ status: 0 });
  });
});
