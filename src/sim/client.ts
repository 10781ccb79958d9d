/**
 * A simulated client: asks a guest's server in the text protocol of programs/README.md over UDP,
 *   #ID words…   →   #ID answer
 * one request after the other. A request that is not answered in time goes out again under the same
 * id; an answer to a request that has been answered is a repetition and is dropped. It writes down
 * what it saw, and when.
 */
import { HostStack, type HostStackState, udpOf } from '../net/host-stack.ts';
import type { SimEvent } from './events.ts';
import type { World } from './world.ts';

const CLIENT_PORT = 4000;

/** A client of a scenario: whom it asks, and what. */
export interface ClientSpec {
  readonly name: string;
  /** IPv4 address on the guest's network. */
  readonly address: string;
  /** The guest's port, 1 … 65535. */
  readonly port: number;
  /** Time after which a request goes out again, in ns. */
  readonly retryNs: number;
  readonly requests: readonly RequestSpec[];
}

/** One request of a client. */
export interface RequestSpec {
  readonly text: string;
  /** When it is sent at the earliest, in ns; also not before the one before has been answered … */
  readonly atNs: number;
  /** … and so long after that. */
  readonly pauseNs: number;
}

/** An answer as the client saw it. */
export interface Sighting {
  readonly atNs: number;
  /** When the request under way was first sent; of a repetition, when it was told. */
  readonly askedNs: number;
  readonly id: string;
  readonly text: string;
  readonly repetition: boolean;
}

/** How far a client has come, and what it was told. */
export interface ClientState {
  readonly name: string;
  /** Index of the request under way or next. */
  next: number;
  /** When that was first sent; undefined before. */
  sentNs: number | undefined;
  /** When each request so far was first sent. */
  calls: number[];
  ticket: number;
  stack: HostStackState;
  saw: Sighting[];
}

/** `index` makes its MAC address. */
export function newClient(spec: ClientSpec, index: number): ClientState {
  const mac = `52:54:00:00:00:${(0x64 + index).toString(16)}`;
  const { state } = new HostStack({ mac, ip: spec.address });
  return {
    name: spec.name,
    next: 0,
    sentNs: undefined,
    calls: [],
    ticket: 0,
    stack: state,
    saw: [],
  };
}

/** A client that goes on alike; what it saw is shared. */
export function copyClient(state: ClientState): ClientState {
  const { neighbours, waiting } = state.stack;
  const stack = { ...state.stack, neighbours: { ...neighbours }, waiting: [...waiting] };
  return { ...state, stack, calls: [...state.calls], saw: [...state.saw] };
}

/** Whether every request has been answered. */
export const isDone = (spec: ClientSpec, state: ClientState): boolean =>
  state.next >= spec.requests.length;

/** Sets the client's alarm for its next request. */
export function startClient(world: World, spec: ClientSpec, state: ClientState): void {
  const request = spec.requests[state.next];
  state.sentNs = undefined;
  if (request) {
    setAlarm(world, state, Math.max(request.atNs, world.state.nowNs + request.pauseNs));
  }
}

function setAlarm(world: World, state: ClientState, atNs: number): void {
  const ticket = ++state.ticket;
  world.scheduleAt(atNs, { kind: 'client-timer', client: state.name, ticket });
}

/** The id of a request: unlike that of any other request of the world. */
const idOf = (state: ClientState): string => `${state.name}.${state.next + 1}`;

/** The alarm: send the request, or send it again. */
export function onClientTimer(world: World, spec: ClientSpec, state: ClientState): void {
  const request = spec.requests[state.next];
  if (!request) return;
  const again = state.sentNs !== undefined ? ' again' : '';
  world.trace(state.name, `asks #${idOf(state)} ${request.text}${again}`);
  if (state.sentNs === undefined) state.calls.push(world.state.nowNs);
  state.sentNs ??= world.state.nowNs;
  const payload = new TextEncoder().encode(`#${idOf(state)} ${request.text}`);
  const datagram = { sourcePort: CLIENT_PORT, destinationPort: spec.port, payload };
  // A copy that still waits for the guest's MAC address has not left: this one takes its place.
  const stack = new HostStack({ ...state.stack, waiting: [] });
  state.stack = stack.state;
  sendFrames(world, stack.sendUdp(world.scenario.guest.address, datagram));
  setAlarm(world, state, world.state.nowNs + spec.retryNs);
}

function sendFrames(world: World, frames: readonly Uint8Array[]): void {
  for (const bytes of frames) {
    world.schedule(world.scenario.network.clientNs, { kind: 'frame-in', bytes });
  }
}

/** A frame on the wire. */
export function onClientFrame(
  world: World,
  spec: ClientSpec,
  state: ClientState,
  { bytes }: SimEvent & { kind: 'client-frame' },
): void {
  const { frames, packet } = new HostStack(state.stack).receive(bytes);
  sendFrames(world, frames);
  const datagram = packet && udpOf(packet);
  if (datagram?.destinationPort !== CLIENT_PORT) return;
  const words = new TextDecoder().decode(datagram.payload);
  const space = words.indexOf(' ');
  const [id, text] = [words.slice(1, space), words.slice(space + 1)];
  const repetition = id !== idOf(state) || state.sentNs === undefined;
  const atNs = world.state.nowNs;
  const askedNs = repetition ? atNs : state.sentNs!;
  state.saw.push({ atNs, askedNs, id, text, repetition });
  world.trace(state.name, `${repetition ? 'drops a repetition of' : 'is told'} #${id} ${text}`);
  if (repetition) return;
  state.next++;
  startClient(world, spec, state);
  world.fired({ kind: 'answer', number: ++world.state.answers });
}
