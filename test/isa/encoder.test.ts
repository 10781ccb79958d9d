/** The encoder against nasm, byte for byte, and against the decoder. */
import { expect, it } from 'vitest';
import { encode } from '../../src/isa/encoder.ts';
import type { AsmPrefix, EncodeRequest, Encoding } from '../../src/isa/request.ts';
import { TABLE } from '../../src/isa/table.ts';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { assembleLines, type Outcome } from './nasm-lines.ts';
import { absolute, allAddresses, allRequests, general, immediate, memory } from './requests.ts';
import { sourceText } from './source-text.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a request gives, as text: hexadecimal bytes, or the error with a mark before it. */
const shown = (result: Encoding | Outcome): string =>
  'error' in result ? `! ${result.error}` : hex(result.bytes);

/** Requests on which vmft and nasm differ, `text: nasm's | ours`, each at nasm's address of it. */
function differences(requests: readonly EncodeRequest[], errorsToo: boolean): string[] {
  const texts = requests.map(sourceText);
  const out: string[] = [];
  let address = 0;
  assembleLines(texts).forEach((theirs, i) => {
    const ours = encode({ ...requests[i]!, address });
    if ('bytes' in theirs) address += theirs.bytes.length;
    const bothRefuse = 'error' in theirs && 'error' in ours;
    const same = bothRefuse
      ? !errorsToo || theirs.error === ours.error
      : shown(theirs) === shown(ours);
    if (!same) out.push(`${texts[i]}: ${shown(theirs)} | ${shown(ours)}`);
  });
  return out;
}

/** Left out on purpose: each is something that only nasm takes, or that only vmft takes. */
const KNOWN = [
  // nasm gives the opcode without the ModRM byte that the processor reads.
  /^ud[01]: /,
  // The address of nothing.
  /^lea \w+, ((strict )?(byte |word |dword )?-?\d+|\$\$\+4):/,
  // nasm does not measure the way to a plain number.
  /^(loop\w*|je?cxz) .*short jump is out of range$/,
  // A superfluous size keyword that nasm does not want.
  /^(sh[lr]d|enter) .*byte 5: ! mismatch/,
  /^l[defgs]s \w+, d?word \[/,
  /^enter word 5, /,
  /^j\w+ (strict )?d?word 5: ! mismatch/,
  /^invlpg byte/,
  // No such control register, and cs is loaded by far jumps only.
  /^mov cs/,
];

const request = (
  mnemonic: string,
  operands: EncodeRequest['operands'] = [],
  prefixes: AsmPrefix[] = [],
): EncodeRequest => ({ mnemonic, operands, prefixes, address: 0 });

const unexpected = (found: readonly string[]): string[] =>
  found.filter((line) => !KNOWN.some((known) => known.test(line)));

describeWithTool('nasm', 'encoder', () => {
  it('gives the bytes of nasm for every mnemonic with every combination of operands', () => {
    // Of what makes no sense a part, and under `npm run soak` all of it.
    const stride = Math.max(1, Math.round(61 / runs(1) ** 2));
    const requests = allRequests().filter((one, i) => 'bytes' in encode(one) || i % stride === 0);
    expect(unexpected(differences(requests, false))).toEqual([]);
  });

  it('gives the bytes of nasm for every form of address', () => {
    const requests = allAddresses().flatMap((address) => [
      request('mov', [general(1, 4), address]),
      request('mov', [general(0, 1), address]),
    ]);
    expect(differences(requests, false)).toEqual([]);
  });

  it('gives the bytes of nasm at the ends of what an immediate holds', () => {
    const values = [0, 127, 128, -128, -129, 255, 256, 0x7fff, 0x8000, 0xff7f, 0xff80, 0x10000];
    const wide = [0x7fffffff, 0x80000000, 0xffffff7f, 0xffffff80, 0xffffffff, -0x80000000];
    const requests = [...values, ...wide].flatMap((value) =>
      ['add', 'mov', 'test', 'imul'].flatMap((name) =>
        [general(0, 1), general(3, 1), general(0, 2), general(3, 2), general(0, 4), general(3, 4)]
          .filter((register) => name !== 'imul' || (register.kind === 'reg' && register.size !== 1))
          .map((register) => request(name, [register, immediate(value)])),
      ),
    );
    const pushes = [...values, ...wide].map((value) => request('push', [immediate(value)]));
    expect(differences([...requests, ...pushes], false)).toEqual([]);
  });

  it('puts prefixes where nasm puts them', () => {
    const fs = memory({ segment: 4 });
    const bx = memory({ registers: [{ reg: 3, size: 2, times: 1, scaled: false }], segment: 0 });
    expect(
      differences(
        [
          request('add', [{ ...fs, size: 2 }, immediate(5)], ['lock']),
          request('add', [{ ...bx, size: 2 }, immediate(5)], ['lock']),
          request('movsb', [], ['rep']),
          request('movsw', [], ['rep', 'fs', 'a16']),
          request('scasd', [], ['repne']),
          request('cmpsb', [], ['repe']),
          request('lodsd', [], ['es']),
          request('xlatb', [], ['gs', 'a16']),
          request('mov', [general(0, 4), memory()], ['cs']),
          request('ret', [], ['o16']),
          request('push', [immediate(5)], ['o16']),
          request('lgdt', [memory()], ['o16']),
          request('loop', [immediate(0, { basis: 'here' }), general(1, 2)]),
          request('mov', [general(0, 4), absolute(0x1234)], ['a16']),
          request('nop', [], ['rep']),
          request('nop', [], ['lock']),
        ],
        true,
      ),
    ).toEqual([]);
  });

  it('takes the short form of a jump exactly where nasm does', () => {
    const nops = (n: number): EncodeRequest[] => new Array(n).fill(request('nop'));
    const jump = (name: string, value: number): EncodeRequest =>
      request(name, [immediate(value, { basis: 'here' })]);
    const at = [0, 2, 125, 126, 127, 128, 129, 130, 131, 132, 254, 256, 258, 262, 400];
    const requests = [
      ...nops(130),
      ...at.flatMap((target) => [jump('jmp', target), jump('jz', target), jump('call', target)]),
      ...nops(130),
    ];
    expect(differences(requests, false)).toEqual([]);
    const far = immediate(4, { basis: 'elsewhere' });
    expect(shown(encode(request('jmp', [far])))).toBe('e9ffffffff');
    expect(shown(encode(request('jmp', [immediate(0, { basis: 'unknown' })])))).toBe('ebfe');
  });

  it('takes short and near as orders', () => {
    const to = (distance: 'short' | 'near') => immediate(0, { basis: 'here', distance });
    expect(
      differences(
        [
          request('jmp', [to('near')]),
          request('jmp', [to('short')]),
          request('jz', [to('near')]),
          request('jz', [to('short')]),
          request('call', [to('near')]),
        ],
        true,
      ),
    ).toEqual([]);
  });

  it('refuses in the words of nasm', () => {
    expect(
      differences(
        [
          request('inc', [memory()]),
          request('push', [memory()]),
          request('movzx', [general(0, 4), memory()]),
          request('shl', [memory(), immediate(1)]),
          request('mov', [general(0, 4), general(3, 2)]),
          request('mov', [general(0, 4), immediate(5, { size: 1 })]),
          request('mov', [memory(), memory()]),
          request('hlt', [general(0, 4)]),
          request('jmp', [immediate(1000, { basis: 'here', distance: 'short' })]),
          request('movsb', [], ['rep', 'repne']),
          request('mov', [general(0, 4), memory({ segment: 4 })], ['es']),
          request('mov', [
            general(0, 4),
            memory({ registers: [{ reg: 4, size: 4, times: 2, scaled: true }] }),
          ]),
        ],
        true,
      ),
    ).toEqual([]);
  });
});

it('uses every row of the table that an assembler would choose', () => {
  const used = new Set<number>();
  for (const one of allRequests()) {
    const encoding = encode(one);
    if ('bytes' in encoding) used.add(encoding.row.id);
  }
  const unused = TABLE.filter(({ id, alias }) => !alias && !used.has(id));
  expect(unused.map(({ mnemonic, operands }) => `${mnemonic} ${operands}`)).toEqual([]);
});

it('warns of a number that does not fit, and of a lock that the processor refuses', () => {
  const warnings = (one: EncodeRequest): readonly string[] => {
    const encoding = encode(one);
    return 'warnings' in encoding ? encoding.warnings : [encoding.error];
  };
  expect(warnings(request('mov', [general(0, 1), immediate(300)]))).toEqual([
    'byte data exceeds bounds',
  ]);
  expect(warnings(request('push', [immediate(128, { size: 1 })]))).toEqual([
    'signed byte value exceeds bounds',
  ]);
  expect(warnings(request('add', [general(0, 4), immediate(0xffffffff)]))).toEqual([]);
  expect(warnings(request('nop', [], ['lock']))).toEqual(['instruction is not lockable']);
  expect(warnings(request('add', [memory(), general(0, 4)], ['lock']))).toEqual([]);
});

it('knows no mnemonic that the table has not, and says why where it can', () => {
  expect(encode(request('fild', [memory()]))).toEqual({ error: 'no such instruction: fild' });
  expect(encode(request('callf', [memory()]))).toEqual({ error: 'no such instruction: callf' });
  expect(encode(request('rdmsr'))).toEqual({
    error: 'no such instruction: rdmsr',
    hint: 'vmft leaves it out: no model-specific registers',
  });
});

it('says what a mnemonic takes', () => {
  const hint = (mnemonic: string): string | undefined => {
    const encoding = encode(request(mnemonic, [{ kind: 'control', reg: 0 }, immediate(1)]));
    return 'error' in encoding ? encoding.hint : undefined;
  };
  expect(hint('shl')).toBe(
    'shl takes r/m8, imm8 | r/m, imm8 | r/m8, 1 | r/m, 1 | r/m8, cl | r/m, cl (r: 16 or 32 bits)',
  );
  expect(hint('movsb')).toBe('movs takes no operand');
});
