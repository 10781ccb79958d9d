/**
 * A scenario as the text of a file that `parseScenario` reads back into the same scenario. What has
 * its default value is left out, and so is a sweep: the text is of one run, and the points of a
 * sweep are scenarios of their own.
 */
import { stringify } from 'yaml';
import { sizeText, timeText } from '../base/units.ts';
import type { Action, FaultSpec, Trigger } from './faults.ts';
import { type HostSpec, parseScenario, RULE_NAMES, type Scenario } from './scenario.ts';

type Document = Record<string, unknown>;

/** The YAML text of `scenario`, without its sweep. */
export function scenarioText(scenario: Scenario): string {
  const { name } = scenario;
  const image = scenario.guest.image;
  const plain = parseScenario(JSON.stringify({ name, guest: { image } }), name);
  const document = { name, ...differing(documentOf(scenario), documentOf(plain)) };
  return stringify({ ...document, guest: { image, ...(document as Document).guest! } });
}

/** The fields that differ from the defaults, level by level. */
function differing(document: Document, defaults: Document): Document {
  const kept: Document = {};
  for (const [key, value] of Object.entries(document)) {
    const usual = defaults[key];
    if (JSON.stringify(value) === JSON.stringify(usual)) continue;
    const nested = isMapping(value) && isMapping(usual);
    kept[key] = nested ? differing(value, usual) : value;
  }
  return kept;
}

const isMapping = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function documentOf(scenario: Scenario): Document {
  const { timing, limits, network, disk, expect } = scenario;
  const { kind, filled, serviceNs, slowFactor } = disk;
  return {
    question: scenario.question,
    seed: scenario.seed,
    guest: guestOf(scenario.guest),
    hosts: scenario.hosts.map(hostOf),
    rules: Object.fromEntries(
      Object.entries(RULE_NAMES).map(([name, rule]) => [name, scenario.rules[rule] ? 'on' : 'off']),
    ),
    without: [...scenario.without],
    'left-out': [...scenario.leftOut],
    report: [...scenario.report],
    uncertain: scenario.uncertain,
    reads: scenario.reads,
    timing: {
      heartbeat: timeText(timing.heartbeatNs),
      'failure-timeout': timeText(timing.failureTimeoutNs),
      retry: timeText(timing.retryNs),
      flush: timeText(timing.flushNs),
    },
    restart: timeText(scenario.restartNs),
    limits: {
      channel: limits.channelBytes,
      'buffer-entries': limits.bufferEntries,
      lag: timeText(limits.lagNs),
      pause: timeText(limits.pauseNs),
      'clone-rounds': limits.cloneRounds,
      piece: sizeText(limits.pieceBytes),
      'clone-bytes': sizeText(limits.cloneBytes),
    },
    network: {
      channel: timeText(network.channelNs),
      'channel-rate': sizeText(network.channelRate),
      disk: timeText(network.diskNs),
      arbiter: timeText(network.arbiterNs),
      gateway: timeText(network.gatewayNs),
      client: timeText(network.clientNs),
      'datagram-loss': network.datagrams.loss,
      'datagram-duplication': network.datagrams.duplication,
      'datagram-jitter': timeText(network.datagrams.jitterNs),
    },
    disk: {
      ...{ kind, filled },
      'service-least': timeText(serviceNs[0]),
      'service-most': timeText(serviceNs[1]),
      'slow-factor': slowFactor,
    },
    'read-replies': scenario.readReplies,
    clients: scenario.clients.map(clientOf),
    typing: scenario.typing.map(({ atNs, bytes }) => ({
      at: timeText(atNs),
      type: new TextDecoder().decode(bytes),
    })),
    faults: scenario.faults.map(faultOf),
    expect: { ...expectedOf(expect) },
    'until-exit': scenario.untilExit ? 'on' : 'off',
    safety: timeText(scenario.safetyNs),
    liveness: timeText(scenario.livenessNs),
    settle: timeText(scenario.settleNs),
  };
}

function guestOf(guest: Scenario['guest']): Document {
  return {
    memory: sizeText(guest.memoryBytes),
    'command-line': guest.commandLine,
    devices: guest.devices.map((device) =>
      device.kind === 'block' ? { block: device.sectors } : device.kind,
    ),
    address: guest.address,
    'ns-per-instruction': guest.nsPerInstruction,
    'digest-every': guest.digestEvery,
  };
}

function hostOf({ id, place, speed, clock }: HostSpec): unknown {
  const { offsetNs, driftPpm } = clock;
  if (place === id && speed === undefined && offsetNs === 0 && driftPpm === 0) return id;
  const clocks = { 'clock-offset': timeText(offsetNs), 'clock-drift': driftPpm };
  return { name: id, place, speed: speed ?? 1, ...clocks };
}

function clientOf({ name, address, port, retryNs, requests }: Scenario['clients'][number]): object {
  return {
    name,
    address,
    port,
    retry: timeText(retryNs),
    requests: requests.map(({ text, atNs, pauseNs }) => {
      return { send: text, at: timeText(atNs), pause: timeText(pauseNs) };
    }),
  };
}

function expectedOf(expect: Scenario['expect']): object {
  const { asWithoutFaults, alone, ...rest } = expect;
  return {
    ...rest,
    'as-without-faults': [...asWithoutFaults],
    ...(alone === undefined ? {} : { alone: [...alone] }),
  };
}

function faultOf({ at, action }: FaultSpec): Document {
  return { at: triggerOf(at), ...actionOf(action) };
}

function triggerOf(at: Trigger): Document {
  if (at.on === 'time') return { time: timeText(at.timeNs) };
  if (at.on === 'answer') return { answer: at.number };
  return { [at.on]: at.number, host: at.host, ...(at.before ? { when: 'before' } : {}) };
}

function actionOf(action: Action): Document {
  const lasting =
    'forNs' in action && action.forNs !== undefined ? { for: timeText(action.forNs) } : {};
  switch (action.do) {
    case 'crash':
      return { crash: action.host, losing: action.losing };
    case 'pause':
    case 'resume':
    case 'restart':
    case 'forge':
      return { [action.do]: action.host, ...lasting };
    case 'cut': {
      const oneWay = action.oneWay ? { 'one-way': 'on' } : {};
      return { cut: [...action.between], ...oneWay, ...lasting };
    }
    case 'damage':
      return { damage: [...action.between], bit: action.bit };
    case 'jump': {
      const { byNs } = action;
      const way = byNs < 0 ? { back: timeText(-byNs) } : { by: timeText(byNs) };
      return { jump: action.host, ...way };
    }
    case 'stall':
    case 'join':
    case 'break':
    case 'repeat':
      return { [action.do]: [...action.between], ...lasting };
    case 'delay':
      return { delay: [...action.between], by: timeText(action.delayNs) };
    case 'disk': {
      const only = action.only === undefined ? {} : { only: action.only };
      return { disk: action.mode, ...only, ...lasting };
    }
    case 'arbiter':
      return { arbiter: action.mode, ...lasting };
    case 'flip':
      return { flip: action.host, address: action.address, bit: action.bit };
    case 'power-off':
    case 'switch-over':
      return { [action.do]: 'on' };
    case 'throttle':
      return { throttle: action.percent };
    case 'snapshot':
      return { snapshot: action.name };
  }
}
