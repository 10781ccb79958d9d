/** vmft scenario: mistakes in scenario files, and what a run shows. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Folder, refuses, SCENARIOS } from './support.ts';

const folder = new Folder();
const words = (line: string): string[] => line.split(' ');
const text = readFileSync(`${SCENARIOS}/lost-update.yaml`, 'utf8');
folder.copy(`${SCENARIOS}/lost-update.requests`, 'lost-update.requests');
folder.folder('folder');
folder.write('bad.asm', '_start: mov eax, nope\n');

/** A scenario with a mistake, and what is said of it. */
const MISTAKES: readonly (readonly [file: string, from: string, to: string, message: string])[] = [
  ['field', 'question:', 'qestion:', 'unknown field "qestion"; did you mean question?'],
  ['nested', 'crash:', 'crsh:', 'faults[0].crsh: unknown field "crsh"; did you mean crash?'],
  ['time', '5ms', '5 parsecs', 'network.channel: expected a time such as 200us, 10ms or 1s'],
  ['moment', '{ answer: 1 }', '{ answer: -1 }', 'faults[0].at.answer: expected a whole number ≥ 1'],
  ['moments', '{ answer: 1 }', '{ answer: 1, time: 1ms }', 'faults[0].at: expected one of'],
  ['host', 'crash: alpha', 'crash: gamma', 'faults[0].crash: unknown host "gamma"'],
  ['requests', 'lost-update.requests', 'none.requests', 'there is no file none.requests beside'],
  ['image', 'udp-counter', 'none', 'guest.image: image none: there is no such file'],
  ['rule', '[output-rule]', '[outputrule]', 'unknown rule "outputrule"; did you mean output-rule?'],
  ['client', '{ alice: [11, 12] }', '{ bob: [1] }', 'expect.answers.bob: unknown field "bob"'],
  ['yaml', '[net]', '[net', 'Flow sequence in block collection'],
];

describe('a scenario that makes no sense ends with status 4 and names the place', () => {
  for (const [file, from, to] of MISTAKES) folder.write(`${file}.yaml`, text.replace(from, to));
  folder.write('empty.yaml', '');
  folder.write(
    'noise.yaml',
    Uint8Array.from({ length: 3000 }, (_, i) => (i * 7919) >> 3),
  );
  folder.write('assembly.yaml', text.replace('udp-counter', 'bad.asm'));

  refuses(folder, [
    ...MISTAKES.map(([file, , , message]) => [`scenario ${file}.yaml`, 4, message] as const),
    ['scenario empty.yaml', 4, 'empty.yaml: name: expected a text, got nothing'],
    ['scenario noise.yaml', 4, /^vmft: noise.yaml: .{0,200}\n/],
    ['scenario assembly.yaml', 4, /^\S*bad.asm:1:18: error: /],
    ['scenario folder', 4, 'scenario folder: '],
    ['scenario lostupdate', 4, 'did you mean lost-update?'],
    ['scenario lst', 4, 'did you mean list?'],
    ['scenario lost-update --without rule-for-reads', 2, 'give it the field read-replies'],
  ]);
});

describe('scenario', () => {
  it('shows the run, and convicts it without the rule, with the command to repeat it', async () => {
    const { status, stdout, stderr } = await folder.vmft(words('scenario lost-update'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // Colours are for terminals.
    expect(stdout).not.toContain('\x1b[');
    expect(stdout).toContain('alice was answered: 11, 12\n');
    expect(stdout).toContain('alice was answered: 11, 11\n');
    expect(stdout).toMatch(/convicted of \d+ violations, as it must be without output-rule/);
    const command = /^repeat it: vmft (.*)$/m.exec(stdout)![1]!;
    const repeated = await folder.vmft(words(command));
    expect(repeated.status).toBe(1);
    expect(repeated.stdout).toContain('alice was answered: 11, 11\n');
  });

  it('ends with status 1 when something else comes out than must', async () => {
    folder.write('other.yaml', text.replace('[11, 12]', '[11, 13]').replace(/^without.*$/m, ''));
    const { status, stdout } = await folder.vmft(words('scenario other.yaml'));
    expect(status).toBe(1);
    expect(stdout).toContain('expected alice to be told ["11","13"], got ["11","12"]');
  });

  it('prints outcome and trace with --json', async () => {
    const { stdout } = await folder.vmft(words('scenario crash-after-output --json'));
    expect(JSON.parse(stdout)[0]).toMatchObject({ verdict: 'ok', asExpected: true });
  });

  it('leaves repetitions out, but for --trace', async () => {
    const [short, all] = await Promise.all([
      folder.vmft(words('scenario disk-server-down --seed 1')),
      folder.vmft(words('scenario disk-server-down --seed 1 --trace')),
    ]);
    expect(short.stdout).toMatch(/⋮ and so \d+ more times, until/);
    expect(all.stdout).not.toContain('⋮');
  });
});
