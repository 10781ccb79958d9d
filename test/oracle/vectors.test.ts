/** `vmft vectors`: what its lines mean, and that no line and no test leaves a trace. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTest, parseTest } from '../../src/cli/vectors-line.ts';
import { VectorPort } from '../../src/cli/vectors-port.ts';
import { runs } from '../support/runs.ts';

const RAM = 0x10000;
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const ask = (...lines: string[]): string[] =>
  new VectorPort(RAM)
    .feed(`${lines.join('\n')}\n`)
    .split('\n')
    .slice(0, -1);

/** The answer to one test, without the registers that are zero. */
const answer = (line: string): string =>
  ask(line)
    .join('\n')
    .replace(/ e[a-ds][xpi]=0(?= )/g, '')
    .replace(/ ebp=0| edi=0/g, '');

describe('a test', () => {
  const rows: [title: string, line: string, expected: string][] = [
    ['runs one instruction', 'T a eip=100 eax=1 mem=100:40', 'R a n=1 fault=- eax=2 eip=101 efl=2'],
    [
      'takes upper case and leading zeros',
      'T a eip=0100 eax=0A mem=0100:f7D0,0:AA',
      'R a n=1 fault=- eax=fffffff5 eip=102 efl=2',
    ],
    [
      'takes seven flags and no others',
      'T a efl=ffffffff mem=0:90',
      'R a n=1 fault=- eip=1 efl=cd7',
    ],
    [
      'tells every byte that changed, in runs',
      'T a ecx=ff00ff esi=100 mem=0:890e,100:00000011',
      'R a n=1 fault=- ecx=ff00ff esi=100 eip=2 efl=2 mem=100:ff,102:ff00',
    ],
    [
      'joins runs across pages',
      'T a eax=ffffffff mem=0:a3fe1f0000',
      'R a n=1 fault=- eax=ffffffff eip=5 efl=2 mem=1ffe:ffffffff',
    ],
    [
      'counts iterations of a repeated instruction',
      'T a n=2 ecx=3 edi=100 mem=0:f3aa',
      'R a n=2 fault=- ecx=1 edi=102 eip=0 efl=2',
    ],
    [
      'counts it once with rep=1',
      'T a n=2 rep=1 ecx=3 edi=100 mem=0:f3aa40',
      'R a n=2 fault=- eax=1 edi=103 eip=3 efl=2',
    ],
    ['ends at hlt', 'T a n=5 mem=0:40f4', 'R a n=2 fault=- eax=1 eip=2 efl=2'],
    [
      'ends at a fault with the registers before it',
      'T a n=5 mem=0:40f7f3',
      'R a n=1 fault=DE eax=1 eip=1 efl=2',
    ],
    ['ends behind a breakpoint', 'T a n=5 mem=0:40cc', 'R a n=2 fault=BP eax=1 eip=2 efl=2'],
    ['ends behind into', 'T a efl=800 mem=0:ce', 'R a n=1 fault=OF eip=1 efl=802'],
    ['ends behind int1', 'T a mem=0:f1', 'R a n=1 fault=DB eip=1 efl=2'],
    [
      'ends behind a single step',
      'T a n=9 esp=100 mem=0:9d9090,101:1',
      'E a mem=: the bytes at 101 are no pairs of hex digits',
    ],
    [
      'ends behind a single step',
      'T a n=9 esp=100 mem=0:9d9090,101:01',
      'R a n=2 fault=DB esp=104 eip=2 efl=2',
    ],
    [
      'finds no gate for other interrupts',
      'T a mem=0:cd80',
      'R a n=0 fault=GP err=402 eip=0 efl=2',
    ],
    [
      'names bounds, opcodes and protection',
      'T a eax=5 mem=0:620500010000',
      'R a n=0 fault=BR eax=5 eip=0 efl=2',
    ],
    ['has no other opcodes', 'T a mem=0:0f0b', 'R a n=0 fault=UD eip=0 efl=2'],
    ['reads ones outside RAM', 'T a mem=0:a100000100', 'R a n=1 fault=- eax=ffffffff eip=5 efl=2'],
    [
      'finishes an enter whose first push overwrites it, whatever it reads next',
      'T a eip=100 esp=104 ebp=20000000 mem=100:c83a0003',
      'R a n=1 fault=- esp=ba ebp=100 eip=104 efl=2 mem=f5:01,f8:ffffffffffffffff0000,103:20',
    ],
    ['knows the time to be zero', 'T a eax=1 mem=0:0f31', 'R a n=1 fault=- eip=2 efl=2'],
  ];
  it.each(rows)('%s: %s', (_title, line, expected) => {
    expect(answer(line)).toBe(expected);
  });

  it('starts in the background, and leaves it as it was', () => {
    const store = 'T a eip=8 eax=12345678 mem=8:a304000000';
    expect(
      ask('B mem=0:90,4:ff', 'T b n=1', store, store, 'B mem=0:f4', 'T c n=2').map((line) =>
        line.replace(/ e\w\w=0(?= )/g, ''),
      ),
    ).toEqual([
      'R b n=1 fault=- eip=1 efl=2',
      'R a n=1 fault=- eax=12345678 eip=d efl=2 mem=4:78563412',
      'R a n=1 fault=- eax=12345678 eip=d efl=2 mem=4:78563412',
      'R c n=1 fault=- eip=1 efl=2',
    ]);
  });
});

/** What the real processor answered where ours was once wrong, or had another undefined flag. */
describe('as on the real processor,', () => {
  const rows: [title: string, line: string, expected: string][] = [
    ['a store through cs', 'T a n=2 mem=0:402ea200010000', 'GP err=0 eax=1 eip=1 efl=2'],
    ['a shift by 0 through cs', 'T a mem=0:2ec02000', 'GP err=0 eip=0 efl=2'],
    ['a comparison through cs', 'T a mem=0:2e3c003800', '- eip=3 efl=46'],
    [
      'a bit offset, 16-bit address',
      'T a eax=ffff mem=0:67660fa307,fffe:0080',
      '- eax=ffff eip=5 efl=3',
    ],
    ['a left shift', 'T a eax=80000001 mem=0:c1e004', '- eax=10 eip=3 efl=12'],
    [
      'shld by more than 16 bits',
      'T a eax=1 ebx=8000 mem=0:660fa4d812',
      '- eax=2 ebx=8000 eip=5 efl=12',
    ],
    ['shld by 16 bits', 'T a eax=1 ebx=8000 mem=0:660fa4d810', '- eax=8000 ebx=8000 eip=5 efl=897'],
    ['a product', 'T a efl=d5 eax=80000000 ebx=2 mem=0:f7e3', '- edx=1 ebx=2 eip=2 efl=8d7'],
    ['a division', 'T a efl=8c5 eax=7 ebx=2 mem=0:f7f3', '- eax=3 edx=1 ebx=2 eip=2 efl=813'],
    ['a scan', 'T a efl=8d5 eax=8 mem=0:0fbcc0', '- eax=3 eip=3 efl=6'],
    ['a scan of zero', 'T a efl=8d5 ebx=8 mem=0:0fbcd8', '- ebx=8 eip=3 efl=46'],
    ['daa', 'T a eax=7a mem=0:27', '- eax=80 eip=1 efl=892'],
    ['aas', 'T a eax=f mem=0:3f', '- eax=ff09 eip=1 efl=97'],
    ['aad', 'T a eax=7ff mem=0:d50a', '- eax=45 eip=2 efl=13'],
  ];
  it.each(rows)('%s: %s', (_title, line, expected) => {
    expect(answer(line).replace(/.* fault=/, '')).toBe(expected);
  });
});

describe('any line', () => {
  const word = fc.constantFrom(
    'T',
    'B',
    'R',
    'id',
    'n=',
    'n=1',
    'rep=1',
    'rep=2',
    'eip=0',
    'eax=',
    'eax=123456789',
    'mem=',
    'mem=0:',
    'mem=0:f',
    'mem=0:zz',
    'mem=fffe:112233',
    'mem=0:40,',
    ',',
    ':',
    '=',
    'mem=0:40',
    'efl=cd5',
    'mem=10:20,20:30',
    'é',
    '\r',
  );
  const line = fc.oneof(
    fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', '')),
  );

  it('is answered by one line, or none where it is empty or sets the background', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        for (const one of lines) {
          const answers = ask(one);
          expect(answers.length).toBeLessThanOrEqual(1);
          if (/^T \S/.test(one)) expect(answers[0]).toMatch(/^[RE] /);
        }
      }),
    );
  });

  it('may come in pieces', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(30)), (lines, cuts) => {
        const text = lines.join('\n');
        const whole = new VectorPort(RAM);
        const pieces = new VectorPort(RAM);
        let answers = '';
        let at = 0;
        for (const cut of cuts) answers += pieces.feed(text.slice(at, (at += cut)));
        answers += pieces.feed(text.slice(at)) + pieces.end();
        expect(answers).toBe(whole.feed(text) + whole.end());
      }),
    );
  });

  it('is refused once where it is too long', () => {
    const port = new VectorPort(RAM);
    let answers = '';
    for (let i = 0; i < 100; i++) answers += port.feed('T a mem=0:'.padEnd(10_000, '0'));
    answers += port.feed('\nT b mem=0:90\n');
    expect(answers).toMatch(/^E - a line of more than \d+ characters\nR b n=1 .*\n$/);
  });

  it('is written as it is read', () => {
    const u32 = fc.nat(0xffffffff);
    const memory = fc.record({
      address: fc.nat(RAM - 20),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    });
    const test = fc.record({
      steps: fc.integer({ min: 1, max: 0xffffffff }),
      repeatsCountOnce: fc.boolean(),
      eip: u32,
      eflags: u32,
      registers: fc.array(u32, { minLength: 8, maxLength: 8 }),
      memory: fc.array(memory, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(test, (one) => {
        expect(parseTest(formatTest('x', one).split(' '), RAM)).toEqual(one);
      }),
    );
  });
});

describe('the machine', () => {
  it('answers the same whatever it was asked before, and survives any code', () => {
    const used = new VectorPort(RAM);
    const hex = fc
      .uint8Array({ minLength: 1, maxLength: 24 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    const register = fc.oneof(fc.nat(RAM), fc.nat(0xffffffff)).map((value) => value.toString(16));
    const line = fc
      .tuple(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 0xff8, 0x1000),
        hex,
        hex,
        register,
        register,
      )
      .map(
        ([n, eip, code, data, a, b]) =>
          `T x n=${n.toString(16)} eip=${eip.toString(16)} eax=${a} ecx=${a} edx=${b} ebx=${b} ` +
          `esp=2000 ebp=${a} esi=${a} edi=${b} mem=${eip.toString(16)}:${code},1ff0:${data}\n`,
      );
    fc.assert(
      fc.property(line, (one) => {
        const fresh = new VectorPort(RAM).feed(one);
        expect(used.feed(one)).toBe(fresh);
        expect(used.feed(one)).toBe(fresh);
      }),
      { numRuns: runs(150, 50) },
    );
  });
});

describe('the command', () => {
  it('answers while stdin pauses', async () => {
    const child = spawn(process.execPath, [MAIN, 'vectors', '--memory', '64K']);
    child.stdout.setEncoding('latin1');
    const answers = child.stdout[Symbol.asyncIterator]();
    for (const id of ['a', 'b']) {
      child.stdin.write(`T ${id} mem=0:90\n`);
      expect((await answers.next()).value).toMatch(new RegExp(`^R ${id} n=1 `));
    }
    child.stdin.end();
    expect((await answers.next()).done).toBe(true);
  });
});
