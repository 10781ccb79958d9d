/** Scenario files: what is not said has a default, and what is wrong is named with its place. */
import { describe, expect, it } from 'vitest';
import { VmftError } from '../../src/base/errors.ts';
import { parseScenario } from '../../src/sim/scenario.ts';

const parse = (text: string) => parseScenario(text, 'x.yaml');
const MINIMAL = 'name: x\nguest: { image: hello }\n';

/** The message with which a scenario of these lines is refused. */
function refusal(lines: string): string {
  try {
    parse(lines);
  } catch (error) {
    expect(error).toBeInstanceOf(VmftError);
    return (error as VmftError).message;
  }
  return 'not refused';
}

describe('a scenario file', () => {
  it('needs a name and an image', () => {
    const scenario = parse(MINIMAL);
    expect(scenario.hosts.map(({ id }) => id)).toEqual(['alpha', 'beta']);
    expect(scenario.rules).toMatchObject({ outputRule: true, testAndSet: true, fence: true });
    expect(refusal('guest: { image: hello }')).toBe('x.yaml: name: expected a text, got nothing');
    expect(refusal('name: x')).toBe('x.yaml: guest.image: expected a text, got nothing');
  });

  it('says when and what goes wrong', () => {
    const { faults } = parse(`${MINIMAL}
faults:
  - { at: { count: 1200 }, crash: alpha }
  - { at: { entry: 7, host: beta }, cut: [alpha, disk], for: 20ms }
  - { at: { time: 1.5ms }, arbiter: down }
`);
    expect(faults).toEqual([
      {
        at: { on: 'count', host: 'alpha', number: 1200 },
        action: { do: 'crash', host: 'alpha', losing: 'messages' },
      },
      {
        at: { on: 'entry', host: 'beta', number: 7 },
        action: { do: 'cut', between: ['alpha', 'disk'], forNs: 20_000_000 },
      },
      { at: { on: 'time', timeNs: 1_500_000 }, action: { do: 'arbiter', mode: 'down' } },
    ]);
  });

  it.each([
    [
      'faults: [{ at: { count: x }, crash: alpha }]',
      'faults[0].at.count: expected a whole number ≥ 0, got "x"',
    ],
    [
      'faults: [{ at: { count: 1 }, crash: alhpa }]',
      'faults[0].crash: unknown host "alhpa"; did you mean alpha?',
    ],
    [
      'faults: [{ at: { count: 1 }, carsh: alpha }]',
      'faults[0].carsh: unknown field "carsh"; did you mean crash?',
    ],
    [
      'faults: [{ at: { count: 1 } }]',
      'faults[0]: expected one of crash, restart, pause, resume, cut, join, break, delay, ' +
        'disk, arbiter, flip, power-off, switch-over, throttle, snapshot, stall, damage, jump, ' +
        'repeat, forge, got 0',
    ],
    [
      'faults: [{ at: { time: 9s }, crash: alpha }]',
      'faults[0].at.time: that is after the safety phase',
    ],
    [
      'faults: [{ at: { time: -1ms }, crash: alpha }]',
      'faults[0].at.time: expected a time such as 200us, 10ms or 1s, got "-1ms"',
    ],
    [
      'faults: [{ at: { time: 1ms }, cut: [disk, arbiter] }]',
      'faults[0].cut: expected two ends, at least one of them a host',
    ],
    [
      'rules: { output-rul: off }',
      'rules.output-rul: unknown field "output-rul"; did you mean output-rule?',
    ],
    ['rules: { fence: maybe }', 'rules.fence: expected on or off, got "maybe"'],
    ['hosts: [a, a]', 'hosts: two hosts have the same name'],
    ['hosts: [disk, a]', 'hosts: a host cannot be called disk'],
    ['seeed: 4', 'seeed: unknown field "seeed"; did you mean seed?'],
    ['clients: [{ name: alpha }]', 'clients[0].name: alpha is taken'],
    [
      'clients: [{ name: a, address: 10.0.2 }]',
      'clients[0].address: expected an IPv4 address such as 10.0.2.100, got "10.0.2"',
    ],
    [
      'expect: { answers: { bob: [1] } }',
      'expect.answers.bob: unknown field "bob"; known are none',
    ],
    ['timing: { heartbeat: 0ms }', 'timing: times must be above zero'],
  ])('%s is refused', (line, message) => {
    expect(refusal(MINIMAL + line)).toBe(`x.yaml: ${message}`);
  });

  it('that is no YAML is refused with the place', () => {
    expect(refusal('name: [')).toMatch(/^x\.yaml: .*line 1/s);
  });
});
