/**
 * Scenarios: one run of a simulated world, as plain data, and the YAML file that describes it.
 * docs/scenarios.md lists the fields; everything has a default but `name` and `guest.image`.
 */
import { parse } from 'yaml';
import { VmftError } from '../base/errors.ts';
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMING,
  type Limits,
  type Timing,
  type UncertainPolicy,
} from '../ft/config.ts';
import { ALL_RULES, type HostId, type Rules } from '../ft/ports.ts';
import type { VirtioSpec } from '../machine/types.ts';
import { isIpv4 } from '../net/address.ts';
import type { ClientSpec } from './client.ts';
import { type ClockSpec, TRUE_CLOCK } from './clock.ts';
import type { FaultSpec } from './faults.ts';
import { LEFT_OUT } from './left-out.ts';
import type { DatagramSpec } from './links.ts';
import { MODELS, type ModelName } from './models.ts';
import { REPORTS, type ReportKind } from './report.ts';
import { readFaults } from './scenario-faults.ts';
import { type Axis, readAxes, type SweepPoint, variations } from './sweep.ts';
import { YamlNode } from './yaml-node.ts';

/** The guest of a scenario. */
export interface GuestSpec {
  /**
   * Name of a program of programs/catalogue.json, or a path; whoever runs the scenario finds it.
   */
  readonly image: string;
  readonly memoryBytes: number;
  readonly commandLine: string;
  readonly devices: readonly VirtioSpec[];
  /** Its IPv4 address, as clients know it. */
  readonly address: string;
  /** Virtual time of one instruction. */
  readonly nsPerInstruction: number;
  /** A digest entry at least every so many instructions. */
  readonly digestEvery: number;
}

/** A host of a scenario, and how it differs from the others. */
export interface HostSpec {
  readonly id: HostId;
  /** What fails as a whole: hosts of one place do not protect each other. */
  readonly place: string;
  readonly clock: ClockSpec;
  /** Its processor executes so many times the instructions of one of speed 1, which is usual. */
  readonly speed?: number;
}

/** How long things are under way. */
export interface NetworkSpec {
  /** Delays in ns, one way: between hosts, and from a host to disk, arbiter and gateway. */
  readonly channelNs: number;
  /** Bytes per second that the channel carries each way between two hosts; 0 for no limit. */
  readonly channelRate: number;
  readonly diskNs: number;
  readonly arbiterNs: number;
  readonly gatewayNs: number;
  /** Between the gateway and a client. */
  readonly clientNs: number;
  readonly datagrams: DatagramSpec;
}

/** The disks of the machine, and the servers that have them. */
export interface DiskSpec {
  /** One server for all hosts, or one for each. */
  readonly kind: 'shared' | 'own';
  /** Sectors of the first disk that hold data from the beginning, at its end. */
  readonly filled: number;
  /** Service time of a request, least and most, in ns; a slow disk multiplies it. */
  readonly serviceNs: readonly [number, number];
  readonly slowFactor: number;
}

/** What a run must have brought. What is not said is not judged. */
export interface Expectation {
  /** Answers by client, in order. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  /** All that the guest has printed. */
  readonly console?: string;
  readonly exit?: number;
  /** What must be as in the same run without faults, on one machine. */
  readonly asWithoutFaults: readonly ('answers' | 'console' | 'disk')[];
  /** The clients' requests and answers are those of one such server. */
  readonly linearizable?: ModelName;
  /** Hosts that go on alone, in order. */
  readonly alone?: readonly HostId[];
  /** Hosts that must be found to have left the path of the log; of no others it is right. */
  readonly diverged: readonly HostId[];
  /** Why these hosts have refused messages, in order. */
  readonly refused?: Readonly<Record<HostId, readonly string[]>>;
}

export interface Scenario {
  readonly name: string;
  /** The question that it answers, in one line. */
  readonly question: string;
  readonly seed: number;
  readonly guest: GuestSpec;
  /**
   * The first is the primary, the second its backup, the others are standbys; one alone runs
   * without protection.
   */
  readonly hosts: readonly HostSpec[];
  readonly rules: Rules;
  /** Mechanisms of the hypervisor that this run does without; some of LEFT_OUT. */
  readonly leftOut: readonly string[];
  /** Rules without which the run must be convicted: it is run again with each of them off. */
  readonly without: readonly string[];
  readonly uncertain: UncertainPolicy;
  /**
   * A regular expression for replies to reads: datagrams that leave at once in a run that is
   * without `rule-for-reads`.
   */
  readonly readReplies?: string;
  /** How a backup comes by what its guest reads from the disk. */
  readonly reads: 'log' | 'local';
  readonly timing: Timing;
  /** Where `backup` is left out: how long an operator takes who has noticed a failure, in ns. */
  readonly restartNs: number;
  readonly limits: Limits;
  readonly network: NetworkSpec;
  readonly disk: DiskSpec;
  readonly clients: readonly ClientSpec[];
  /** Bytes for the console, and when they are typed. */
  readonly typing: readonly { readonly atNs: number; readonly bytes: Uint8Array }[];
  readonly faults: readonly FaultSpec[];
  readonly expect: Expectation;
  /** Places of the file that a sweep changes, and the scenario for each combination. */
  readonly axes: readonly Axis[];
  readonly points: readonly SweepPoint[];
  /** Tables to be drawn beside the verdict. */
  readonly report: readonly ReportKind[];
  /** The run waits for the guest's exit, not only for the clients. */
  readonly untilExit: boolean;
  /** When every fault that can be healed is healed. */
  readonly safetyNs: number;
  /** How long after that everything must have been answered. */
  readonly livenessNs: number;
  /** How long the world goes on when everything has been done. */
  readonly settleNs: number;
}

/** The text of a file beside the scenario; undefined where there is none. */
export type TextResolver = (name: string) => string | undefined;

/** The rules as files and command lines write them. */
export const RULE_NAMES: Readonly<Record<string, keyof Rules>> = {
  'output-rule': 'outputRule',
  'test-and-set': 'testAndSet',
  fence: 'fence',
  'win-first': 'winFirst',
  'confirm-releases': 'confirmReleases',
  'ask-again': 'askAgain',
  tokens: 'tokens',
  'present-channel': 'presentChannel',
  'close-first': 'closeFirst',
  'rule-first': 'ruleFirst',
  'spend-number': 'spendNumber',
  'complete-only': 'completeOnly',
  'ask-source': 'askSource',
  reissue: 'reissue',
  'highest-token': 'highestToken',
  'hold-end': 'holdEnd',
  'know-again': 'knowAgain',
  'one-at-a-time': 'oneAtATime',
};

/** What `without` may name: the rules, and the mechanisms of left-out.ts. */
export const OPTIONAL_NAMES: readonly string[] = [...Object.keys(RULE_NAMES), ...LEFT_OUT];

const FIELDS = [
  ...['name', 'question', 'seed', 'guest', 'hosts', 'rules', 'without', 'uncertain', 'timing'],
  ...['limits', 'network', 'disk', 'clients', 'typing', 'faults', 'expect', 'until-exit', 'safety'],
  ...['liveness', 'settle', 'reads', 'report', 'left-out', 'sweep', 'read-replies', 'restart'],
];
const UNCERTAIN_POLICIES = ['resend', 'drop', 'resend-tcp-drop-udp'] as const;
const GUEST_MAC = '52:54:00:12:34:56';
const MS = 1_000_000;

/**
 * The scenario in a YAML text. `fileName` is for messages; `readText` finds a file of requests that
 * the scenario names.
 * @throws VmftError 'scenario' that names the place in the file
 */
export function parseScenario(
  text: string,
  fileName: string,
  readText: TextResolver = () => undefined,
): Scenario {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new VmftError('scenario', `${fileName}: ${(error as Error).message.trimEnd()}`);
  }
  return readScenarioFile(document, fileName, readText);
}

function readScenarioFile(document: unknown, fileName: string, readText: TextResolver): Scenario {
  const root = new YamlNode(document, fileName).only(FIELDS);
  const name = root.at('name').text();
  const guest = readGuest(root.at('guest'));
  const disk = readDisk(root.at('disk'), guest);
  const reads = root.at('reads').oneOf('policy', ['log', 'local'], 'log');
  if (reads === 'local' && disk.kind === 'own') {
    root.at('reads').fail('a backup reads itself only from a shared disk');
  }
  const axes = readAxes(root.at('sweep'));
  const points = axes.length === 0 ? [] : variations(document as object, axes);
  const hosts = readHosts(root.at('hosts'));
  const ids = hosts.map(({ id }) => id);
  const clients = readClients(root.at('clients'), ids, readText);
  const safetyNs = root.at('safety').timeNs(5000 * MS);
  const expect = readExpectation(root.at('expect'), ids, clients);
  return {
    name,
    question: root.at('question').text(''),
    seed: root.at('seed').whole(1),
    guest,
    hosts,
    rules: readRules(root.at('rules')),
    leftOut: root
      .at('left-out')
      .list()
      .map((item) => item.oneOf('mechanism', LEFT_OUT)),
    without: root
      .at('without')
      .list()
      .map((item) => item.oneOf('rule', OPTIONAL_NAMES)),
    axes,
    points: points.map((point) => ({
      values: point.values,
      scenario: readScenarioFile(point.document, fileName, readText),
    })),
    uncertain: root.at('uncertain').oneOf('policy', UNCERTAIN_POLICIES, 'resend'),
    reads,
    timing: readTiming(root.at('timing')),
    restartNs: root.at('restart').timeNs(1000 * MS),
    limits: readLimits(root.at('limits')),
    network: readNetwork(root.at('network')),
    disk,
    clients,
    ...readPattern(root.at('read-replies')),
    typing: readTyping(root.at('typing')),
    faults: readFaults(root.at('faults'), ids, safetyNs),
    expect,
    report: root
      .at('report')
      .list()
      .map((item) => item.oneOf('report', REPORTS)),
    untilExit: root.at('until-exit').flag(expect.exit !== undefined),
    safetyNs,
    livenessNs: root.at('liveness').timeNs(5000 * MS),
    settleNs: root.at('settle').timeNs(100 * MS),
  };
}

/** Hosts that a scenario may have. */
const MAX_HOSTS = 8;

function readHosts(node: YamlNode): Scenario['hosts'] {
  const plain = (id: string): HostSpec => ({ id, place: id, clock: TRUE_CLOCK });
  if (!node.given) return ['alpha', 'beta'].map(plain);
  const hosts = node.list().map((item): HostSpec => {
    if (typeof item.value === 'string') return plain(item.value);
    item.only(['name', 'place', 'speed', 'clock-offset', 'clock-drift']);
    const id = item.at('name').text();
    const place = item.at('place').text(id);
    const speed = item.at('speed').number(1, 0.001, 1000);
    const offsetNs = item.at('clock-offset').timeNs(0);
    const driftPpm = item.at('clock-drift').number(0, -100_000, 100_000);
    return { id, place, speed, clock: { offsetNs, driftPpm } };
  });
  const ids = hosts.map(({ id }) => id);
  if (hosts.length < 1 || hosts.length > MAX_HOSTS) {
    node.fail(`expected 1 to ${MAX_HOSTS} hosts, got ${hosts.length}`);
  }
  if (new Set(ids).size < ids.length) node.fail('two hosts have the same name');
  const taken = ids.find((id) => ['disk', 'arbiter', 'gateway', 'world', 'channel'].includes(id));
  if (taken !== undefined) node.fail(`a host cannot be called ${taken}`);
  return hosts;
}

function readGuest(node: YamlNode): GuestSpec {
  node.only([
    ...['image', 'memory', 'command-line', 'devices', 'address', 'ns-per-instruction'],
    'digest-every',
  ]);
  return {
    image: node.at('image').text(),
    memoryBytes: node.at('memory').size(4 * 1024 * 1024),
    commandLine: node.at('command-line').text(''),
    devices: node.at('devices').list().map(readDevice),
    address: readAddress(node.at('address'), '10.0.2.15'),
    nsPerInstruction: node.at('ns-per-instruction').number(100, 1, 1_000_000),
    digestEvery: node.at('digest-every').whole(100_000, 1),
  };
}

function readDevice(node: YamlNode): VirtioSpec {
  if (typeof node.value === 'string') {
    const kind = node.oneOf('device', ['net', 'entropy', 'empty']);
    return kind === 'net' ? { kind, mac: GUEST_MAC } : { kind };
  }
  node.only(['block']);
  return { kind: 'block', sectors: node.at('block').whole(undefined, 1) };
}

function readAddress(node: YamlNode, fallback: string): string {
  const text = node.text(fallback);
  if (!isIpv4(text)) node.fail(`expected an IPv4 address such as ${fallback}, got "${text}"`);
  return text;
}

function readRules(node: YamlNode): Rules {
  const rules: Record<string, boolean> = { ...ALL_RULES };
  for (const [name, rule] of Object.entries(RULE_NAMES)) {
    rules[rule] = node.only(Object.keys(RULE_NAMES)).at(name).flag(true);
  }
  return Object.freeze(rules) as unknown as Rules;
}

function readTiming(node: YamlNode): Timing {
  node.only(['heartbeat', 'failure-timeout', 'retry', 'flush']);
  const timing = {
    heartbeatNs: node.at('heartbeat').timeNs(10 * MS),
    failureTimeoutNs: node.at('failure-timeout').timeNs(50 * MS),
    retryNs: node.at('retry').timeNs(10 * MS),
    flushNs: node.at('flush').timeNs(DEFAULT_TIMING.flushNs),
  };
  for (const [name, ns] of Object.entries(timing)) {
    if (ns <= 0 && name !== 'flushNs') node.fail('times must be above zero');
  }
  return timing;
}

function readLimits(node: YamlNode): Limits {
  node.only([
    ...['channel', 'buffer-entries', 'lag', 'pause', 'clone-rounds', 'piece', 'clone-bytes'],
  ]);
  return {
    ...DEFAULT_LIMITS,
    pauseNs: node.at('pause').timeNs(DEFAULT_LIMITS.pauseNs),
    cloneRounds: node.at('clone-rounds').whole(DEFAULT_LIMITS.cloneRounds, 2),
    pieceBytes: node.at('piece').size(DEFAULT_LIMITS.pieceBytes),
    cloneBytes: node.at('clone-bytes').size(DEFAULT_LIMITS.cloneBytes),
    channelBytes: node.at('channel').size(DEFAULT_LIMITS.channelBytes),
    bufferEntries: node.at('buffer-entries').whole(DEFAULT_LIMITS.bufferEntries, 1),
    lagNs: node.at('lag').timeNs(DEFAULT_LIMITS.lagNs),
  };
}

function readNetwork(node: YamlNode): NetworkSpec {
  node.only([
    ...['channel', 'channel-rate', 'disk', 'arbiter', 'gateway', 'client'],
    ...['datagram-loss', 'datagram-duplication', 'datagram-jitter'],
  ]);
  return {
    channelNs: node.at('channel').timeNs(200_000),
    channelRate: node.at('channel-rate').size(0),
    diskNs: node.at('disk').timeNs(100_000),
    arbiterNs: node.at('arbiter').timeNs(1 * MS),
    gatewayNs: node.at('gateway').timeNs(50_000),
    clientNs: node.at('client').timeNs(200_000),
    datagrams: {
      loss: node.at('datagram-loss').number(0, 0, 1),
      duplication: node.at('datagram-duplication').number(0, 0, 0.9),
      jitterNs: node.at('datagram-jitter').timeNs(0),
    },
  };
}

function readDisk(node: YamlNode, { devices }: GuestSpec): DiskSpec {
  node.only(['kind', 'filled', 'service-least', 'service-most', 'slow-factor']);
  const least = node.at('service-least').timeNs(200_000);
  const most = node.at('service-most').timeNs(Math.max(least, 1 * MS));
  if (most < least) node.fail('service-most is below service-least');
  const filled = node.at('filled').whole(0);
  const first = devices.find((device) => device.kind === 'block');
  if (filled > (first?.sectors ?? 0)) node.at('filled').fail('the disk has fewer sectors');
  return {
    kind: node.at('kind').oneOf('kind', ['shared', 'own'], 'shared'),
    filled,
    serviceNs: [least, most],
    slowFactor: node.at('slow-factor').whole(20, 1),
  };
}

function readClients(
  node: YamlNode,
  hosts: readonly HostId[],
  readText: TextResolver,
): ClientSpec[] {
  const read = node.list().map((item, index): ClientSpec => {
    item.only(['name', 'copies', 'address', 'port', 'retry', 'requests', 'rounds']);
    return {
      name: item.at('name').text(),
      address: readAddress(item.at('address'), addressOf(index)),
      port: item.at('port').whole(7, 1),
      retryNs: item.at('retry').timeNs(100 * MS),
      requests: repeat(readRequests(item.at('requests'), readText), item.at('rounds').whole(1, 1)),
    };
  });
  const names = [...hosts, 'disk', 'arbiter', 'gateway', 'world', 'channel'];
  for (const [index, { name }] of read.entries()) {
    if (names.includes(name)) node.list()[index]!.at('name').fail(`${name} is taken`);
    names.push(name);
  }
  const copies = node.list().map((item) => item.at('copies').whole(1, 1));
  const clients = read.flatMap((client, index) =>
    Array.from({ length: copies[index]! }, (_, copy) =>
      copy === 0 ? client : { ...client, copy },
    ),
  );
  if (clients.length > MAX_CLIENTS) {
    node.fail(`expected at most ${MAX_CLIENTS} clients, got ${clients.length}`);
  }
  return clients.map((client, index) => {
    if (!('copy' in client)) return client;
    const { copy, ...first } = client;
    return { ...first, name: `${first.name}${copy + 1}`, address: addressOf(read.length + index) };
  });
}

/** Clients of one scenario, all copies together: their addresses end in 100 … 254. */
const MAX_CLIENTS = 100;

const addressOf = (index: number): string => `10.0.2.${100 + index}`;

/** Clients begin after 10 ms, when a guest has had time to start. */
const FIRST_REQUEST_NS = 10 * MS;

const repeat = (requests: ClientSpec['requests'], rounds: number): ClientSpec['requests'] =>
  Array.from({ length: rounds }, () => requests).flat();

/** A list of requests, or the name of a file with one in each line. */
function readRequests(node: YamlNode, readText: TextResolver): ClientSpec['requests'] {
  if (typeof node.value !== 'string') return node.list().map(readRequest);
  const text = readText(node.value);
  if (text === undefined) return node.fail(`there is no file ${node.value} beside the scenario`);
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => ({ text: line.trim(), atNs: FIRST_REQUEST_NS, pauseNs: 0 }));
}

function readRequest(node: YamlNode): ClientSpec['requests'][number] {
  if (typeof node.value !== 'object') {
    return { text: node.text(), atNs: FIRST_REQUEST_NS, pauseNs: 0 };
  }
  node.only(['send', 'at', 'pause']);
  return {
    text: node.at('send').text(),
    atNs: node.at('at').timeNs(FIRST_REQUEST_NS),
    pauseNs: node.at('pause').timeNs(0),
  };
}

function readPattern(node: YamlNode): Pick<Scenario, 'readReplies'> {
  if (!node.given) return {};
  const readReplies = node.text();
  try {
    new RegExp(readReplies);
  } catch (error) {
    node.fail((error as Error).message);
  }
  return { readReplies };
}

function readTyping(node: YamlNode): Scenario['typing'] {
  return node.list().map((item) => {
    item.only(['at', 'type']);
    const bytes = new TextEncoder().encode(item.at('type').text());
    return { atNs: item.at('at').timeNs(), bytes };
  });
}

function readExpectation(
  node: YamlNode,
  hosts: readonly HostId[],
  clients: readonly ClientSpec[],
): Expectation {
  node.only([
    ...['answers', 'console', 'exit', 'as-without-faults', 'alone', 'diverged'],
    ...['linearizable', 'refused'],
  ]);
  const answers: Record<string, string[]> = {};
  const names = clients.map(({ name }) => name);
  for (const name of node.at('answers').only(names).keys()) {
    const list = node.at('answers').at(name).list();
    answers[name] = list.map((answer) => answer.text());
  }
  const refused: Record<string, string[]> = {};
  for (const host of node.at('refused').only(hosts).keys()) {
    const list = node.at('refused').at(host).list();
    refused[host] = list.map((why) => why.text());
  }
  const same = node.at('as-without-faults').list();
  const kinds = ['answers', 'console', 'disk'] as const;
  return {
    answers,
    ...(node.at('console').given ? { console: node.at('console').text() } : {}),
    ...(node.at('linearizable').given
      ? { linearizable: node.at('linearizable').oneOf('model', Object.keys(MODELS) as ModelName[]) }
      : {}),
    ...(node.at('refused').given ? { refused } : {}),
    ...(node.at('exit').given ? { exit: node.at('exit').whole() } : {}),
    asWithoutFaults: same.map((item) => item.oneOf('part', kinds)),
    diverged: node
      .at('diverged')
      .list()
      .map((item) => item.oneOf('host', hosts)),
    ...(node.at('alone').given
      ? {
          alone: node
            .at('alone')
            .list()
            .map((item) => item.oneOf('host', hosts)),
        }
      : {}),
  };
}
