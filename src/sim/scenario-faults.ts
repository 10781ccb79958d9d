/**
 * The faults of a scenario file. Each has a trigger and one action:
 *   - at: { time: 20ms }                      or a number of { count, entry, message, output } with
 *     crash: alpha                            a host (the primary by default), or { answer: 1 }
 * With `when: before` the fault comes just before that entry, message or output.
 */
import type { HostId } from '../ft/ports.ts';
import type { Action, Ends, FaultSpec, HostMoment, Trigger } from './faults.ts';
import type { YamlNode } from './yaml-node.ts';

const HOST_MOMENTS = [
  'count',
  'entry',
  'message',
  'received',
  'output',
  'delivered',
  'ask',
] as const satisfies readonly HostMoment[];
const TRIGGERS = ['time', ...HOST_MOMENTS, 'answer'] as const;
const ACTIONS = [
  ...['crash', 'restart', 'pause', 'resume', 'cut', 'join', 'break', 'delay', 'disk', 'arbiter'],
  ...['flip', 'power-off', 'switch-over', 'throttle', 'snapshot', 'stall', 'damage', 'jump'],
  ...['repeat', 'forge'],
] as const;

/** Reads the list `faults`. A time at or after `safetyNs` is refused: it would never fire. */
export function readFaults(
  node: YamlNode,
  hosts: readonly HostId[],
  safetyNs: number,
): FaultSpec[] {
  return node.list().map((item) => {
    item.only([
      ...['at', 'for', 'by', 'back', 'losing', 'only', 'one-way', 'address', 'bit'],
      ...ACTIONS,
    ]);
    return { at: readTrigger(item.at('at'), hosts, safetyNs), action: readAction(item, hosts) };
  });
}

function readTrigger(node: YamlNode, hosts: readonly HostId[], safetyNs: number): Trigger {
  node.only([...TRIGGERS, 'host', 'when']);
  const given = TRIGGERS.filter((trigger) => node.at(trigger).given);
  if (given.length !== 1) node.fail(`expected one of ${TRIGGERS.join(', ')}, got ${given.length}`);
  const on = given[0]!;
  if (on === 'time') {
    const timeNs = node.at('time').timeNs();
    if (timeNs >= safetyNs) node.at('time').fail('that is after the safety phase');
    return { on, timeNs };
  }
  const number = node.at(on).whole(undefined, on === 'answer' ? 1 : 0);
  if (on === 'answer') return { on, number };
  const host = node.at('host').oneOf('host', hosts, hosts[0]);
  const when = node.at('when').oneOf('time', ['before', 'after'], 'after');
  if (when === 'after') return { on, number, host };
  if (on === 'count') node.at('when').fail('a count has no moment before it');
  return { on, number, host, before: true };
}

function readAction(item: YamlNode, hosts: readonly HostId[]): Action {
  const given = ACTIONS.filter((action) => item.at(action).given);
  if (given.length !== 1) item.fail(`expected one of ${ACTIONS.join(', ')}, got ${given.length}`);
  const action = given[0]!;
  const node = item.at(action);
  const lasting = item.at('for').given ? { forNs: item.at('for').timeNs() } : {};
  switch (action) {
    case 'crash': {
      const losing = item.at('losing').oneOf('loss', ['messages', 'outputs-too'], 'messages');
      return { do: 'crash', host: node.oneOf('host', hosts), losing };
    }
    case 'restart':
    case 'resume':
    case 'forge':
      return { do: action, host: node.oneOf('host', hosts) };
    case 'pause':
      return { do: 'pause', host: node.oneOf('host', hosts), ...lasting };
    case 'cut': {
      const oneWay = item.at('one-way').flag(false) ? { oneWay: true as const } : {};
      return { do: 'cut', between: readEnds(node, hosts), ...oneWay, ...lasting };
    }
    case 'stall':
      return { do: 'stall', between: readEnds(node, hosts), ...lasting };
    case 'damage':
      return { do: 'damage', between: readHosts(node, hosts), bit: item.at('bit').whole() };
    case 'repeat':
      return { do: 'repeat', between: readHosts(node, hosts) };
    case 'jump': {
      const back = item.at('back').given;
      const byNs = back ? -item.at('back').timeNs() : item.at('by').timeNs();
      return { do: 'jump', host: node.oneOf('host', hosts), byNs };
    }
    case 'join':
      return { do: 'join', between: readEnds(node, hosts) };
    case 'break':
      return { do: 'break', between: readBreakable(node, hosts) };
    case 'delay':
      return { do: 'delay', between: readEnds(node, hosts), delayNs: item.at('by').timeNs() };
    case 'disk':
      return {
        do: 'disk',
        mode: node.oneOf('state', ['ok', 'slow', 'failing', 'down']),
        ...(item.at('only').given ? { only: item.at('only').oneOf('host', hosts) } : {}),
        ...lasting,
      };
    case 'arbiter':
      return {
        do: 'arbiter',
        mode: node.oneOf('state', ['up', 'down', 'loses-answers']),
        ...lasting,
      };
    case 'flip': {
      const [address, bit] = [item.at('address').whole(), item.at('bit').whole(0)];
      if (bit > 7) item.at('bit').fail('a byte has bits 0 to 7');
      return { do: 'flip', host: node.oneOf('host', hosts), address, bit };
    }
    case 'power-off':
      return { do: 'power-off' };
    case 'switch-over':
      return { do: 'switch-over' };
    case 'throttle': {
      const percent = node.whole(undefined, 1);
      if (percent > 100) node.fail('a CPU has 100 percent');
      return { do: 'throttle', percent };
    }
    case 'snapshot':
      return { do: 'snapshot', name: node.text() };
  }
}

/** Two ends of a link: a host, and another host, the disk, the arbiter or the gateway. */
function readEnds(node: YamlNode, hosts: readonly HostId[]): Ends {
  const words = node
    .list()
    .map((end) => end.oneOf('end', [...hosts, 'disk', 'arbiter', 'gateway']));
  const [a, b] = words;
  if (words.length !== 2 || a === b || !words.some((word) => hosts.includes(word))) {
    node.fail('expected two ends, at least one of them a host');
  }
  return [a!, b!];
}

/** Two hosts; or a host, and the disk second. */
function readBreakable(node: YamlNode, hosts: readonly HostId[]): Ends {
  const [a, b] = readEnds(node, hosts);
  if (b === 'disk') return [a, b];
  return a === 'disk' ? [b, a] : readHosts(node, hosts);
}

function readHosts(node: YamlNode, hosts: readonly HostId[]): Ends {
  const ends = readEnds(node, hosts);
  if (!ends.every((end) => hosts.includes(end))) node.fail('expected two hosts');
  return ends;
}
