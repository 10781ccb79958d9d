/**
 * The guest httpd and the TCP that it stands on (programs/c/lib/tcp.h), against the endpoint of
 * src/net over good and bad wires.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, type TcpSegment } from '../../src/net/tcp.ts';
import { runs } from '../support/runs.ts';
import { FAIR, GuestNetwork } from './guest-network.ts';

const HTTP = 80;
const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: guest\r\n${fields}\r\n`;

/** What /bytes/N gives. */
function bytesOf(count: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(count / 4) * 4);
  for (let i = 0; i < count; i += 4) bytes.writeUInt32LE(Math.imul(i / 4, 2654435761) >>> 0, i);
  return bytes.subarray(0, count);
}

/** The whole answer to a request for these. */
function answerOf(count: number): Buffer {
  const type = 'Content-Type: application/octet-stream';
  const head = `HTTP/1.1 200 OK\r\n${type}\r\nContent-Length: ${count}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytesOf(count)]);
}

function expectSame(got: Buffer, expected: Buffer): void {
  expect(got.length).toBe(expected.length);
  expect(Buffer.compare(got, expected)).toBe(0);
}

const stray = (rest: Partial<TcpSegment>): TcpSegment => ({
  sourcePort: 3333,
  destinationPort: HTTP,
  sequence: 0,
  acknowledgement: 0,
  flags: TCP_ACK,
  window: 1000,
  payload: new Uint8Array(0),
  ...rest,
});

describe('httpd', () => {
  it('counts the visits to its page, over one connection or many', () => {
    const network = new GuestNetwork('httpd');
    for (let visit = 1; visit <= 4; visit++) {
      const client = network.connect(HTTP);
      client.send(get('/'));
      expect(client.takeText('</a>.\n')).toContain(`asked for <b>${2 * visit - 1}</b> times`);
      client.send(get('/'));
      expect(client.takeText('</a>.\n')).toContain(`asked for <b>${2 * visit}</b> times`);
      if (visit % 2 === 0) client.end.close();
    }
    network.sendUdp('#1 visits');
    network.runUntil(() => network.datagrams.length > 0);
    expect(network.datagrams).toEqual(['#1 8']);
    network.sendUdp('quit');
    network.runUntil(() => network.ended !== undefined);
    expect(network.ended).toEqual({ why: 'exit', status: 0 });
  });

  it('answers requests that do not wait for the answers before them, in order', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    const counts = [5, 0, 300_000, 1, 16, 17, 70_000, 3];
    client.send(counts.map((count) => get(`/bytes/${count}`)).join(''));
    const expected = Buffer.concat(counts.map(answerOf));
    expectSame(client.take(expected.length), expected);
  });

  it.each([
    ['GET / HTTP/1.0\r\n\r\n', '200 OK', true],
    [get('/', 'CONNECTION:  Close\r\n'), '200 OK', true],
    ['HEAD /bytes/7 HTTP/1.1\n\n', '200 OK', false],
    [get('/bytes/4294967296'), '404 Not Found', false],
    [get('/bytes/'), '404 Not Found', false],
    [get(`/${'x'.repeat(5000)}`), '400 Bad Request', true],
    ['POST / HTTP/1.1\r\n\r\nbody', '405 Method Not Allowed', true],
    ['\r\n\r\nnonsense\r\n\r\n', '405 Method Not Allowed', true],
  ])('says to %j: %s', (request, status, closes) => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    client.send(request);
    network.pass(50e6);
    client.read();
    const text = client.bytes.toString('latin1');
    expect(text.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(text.includes('Connection: close\r\n')).toBe(closes);
    expect(client.end.atEnd).toBe(closes);
  });
});

describe('TCP in a guest', () => {
  it('receives nothing, not even time, while nobody waits', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    client.send(get('/bytes/100000'));
    client.take(answerOf(100_000).length);
    network.pass(1e9);
    const { inputs } = network;
    network.pass(3600e9);
    expect(network.inputs).toBe(inputs);
    client.send(get('/'));
    client.takeText('</a>.\n');
  });

  it('sends no segment that is larger than the other side takes, nor more than its window', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP, { maxSegment: 100, bufferBytes: 1000 });
    client.send(get('/bytes/3000'));
    network.pass(100e6);
    const sizes = network.fromGuest.map(({ payload }) => payload.length);
    expect(Math.max(...sizes)).toBe(100);
    expect(client.end.readable).toBe(1000);
    expect(network.fromGuest[0]).toMatchObject({ flags: TCP_SYN | TCP_ACK, maxSegment: 1460 });
    expectSame(client.take(answerOf(3000).length), answerOf(3000));
  });

  it('probes a shut window, more and more seldom, for as long as it is answered', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP, { bufferBytes: 2000 });
    client.send(get('/bytes/9000'));
    network.pass(10e9);
    const before = network.fromGuest.length;
    network.pass(600e9);
    const probes = network.fromGuest.length - before;
    expect(probes).toBeGreaterThan(50);
    expect(probes).toBeLessThan(70);
    expectSame(client.take(answerOf(9000).length), answerOf(9000));
  });

  it('mends lost segments by repeated acknowledgements, without waiting', () => {
    const network = new GuestNetwork('httpd', { weather: { ...FAIR, delayNs: 1 } });
    const client = network.connect(HTTP);
    client.send(get('/bytes/500000'));
    client.take(100_000);
    const began = network.nowNs;
    network.loseFromGuest = 3;
    client.take(answerOf(500_000).length - 100_000);
    expect(network.lost).toBe(3);
    expect(network.nowNs - began).toBeLessThan(150e6);
  });

  it('doubles the time after which it sends again, and gives up in the end', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    client.send(get('/bytes/10'));
    client.take(answerOf(10).length);
    client.send(get('/bytes/20'));
    const times: number[] = [];
    // The request is the last frame that arrives.
    const { state } = client.end;
    network.runUntil(() => state.unacknowledged !== state.highest);
    network.weather = { ...FAIR, drop: 1 };
    for (let i = 0; i < 5; i++) {
      const from = network.framesSent;
      network.runUntil(() => network.framesSent > from);
      times.push(network.nowNs);
    }
    const gaps = times.slice(1).map((time, i) => Math.round((time - times[i]!) / 1e8) / 10);
    expect(gaps).toEqual([0.2, 0.4, 0.8, 1.6]);
    network.pass(120e9);
    const { inputs, framesSent } = network;
    network.pass(600e9);
    expect(network.framesSent).toBe(framesSent);
    expect(network.inputs).toBe(inputs);
  });

  it('refuses calls to a port where nobody listens', () => {
    const network = new GuestNetwork('httpd');
    const { end } = network.connect(81);
    network.runUntil(() => end.phase === 'closed');
    expect(end.failure).toBe('refused');
  });

  it('answers what belongs to no connection with a reset, but never a reset', () => {
    const network = new GuestNetwork('httpd');
    network.inject(stray({ flags: TCP_ACK, acknowledgement: 77 }));
    network.inject(stray({ flags: TCP_FIN | TCP_PSH, sequence: 5, payload: new Uint8Array(3) }));
    network.inject(stray({ flags: TCP_RST, sequence: 5 }));
    network.pass(10e6);
    const answers = network.fromGuest.sort((a, b) => a.sequence - b.sequence);
    expect(answers).toMatchObject([
      { flags: TCP_RST | TCP_ACK, sequence: 0, acknowledgement: 9 },
      { flags: TCP_RST, sequence: 77 },
    ]);
  });

  it('is reset by the exact number only, and challenges other numbers in the window', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    client.send(get('/'));
    client.takeText('</a>.\n');
    network.pass(1e6);
    const { localPort: sourcePort, next } = client.end.state;
    const reset = (offset: number) =>
      network.inject(stray({ sourcePort, flags: TCP_RST, sequence: (next + offset) >>> 0 }));
    const answersTo = (offset: number) => {
      const before = network.fromGuest.length;
      reset(offset);
      network.pass(1e6);
      return network.fromGuest.slice(before).map(({ flags }) => flags);
    };
    expect(answersTo(1)).toEqual([TCP_ACK]);
    expect(answersTo(-1)).toEqual([]);
    expect(answersTo(16_384)).toEqual([]);
    client.send(get('/bytes/0'));
    client.takeText('Length: 0\r\n\r\n');
    const now = client.end.state.next;
    network.inject(stray({ sourcePort, flags: TCP_RST, sequence: now }));
    network.pass(1e6);
    client.send(get('/'));
    network.runUntil(() => client.end.phase === 'closed');
    expect(client.end.failure).toBe('reset');
  });

  it('serves 64 connections at once, and one more when another has closed', () => {
    const network = new GuestNetwork('httpd');
    const clients = Array.from({ length: 64 }, () => network.connect(HTTP));
    for (const client of clients) client.send(get('/'));
    for (const client of clients) client.takeText('</a>.\n');
    const late = network.connect(HTTP);
    late.send(get('/'));
    network.pass(5e9);
    expect(late.end.phase).toBe('syn-sent');
    clients[17]!.end.close();
    expect(late.takeText('</a>.\n')).toContain('<b>65</b>');
  });

  it('takes a place that only waits for old segments when it has no other', () => {
    const network = new GuestNetwork('httpd');
    for (let i = 1; i <= 100; i++) {
      const client = network.connect(HTTP);
      client.send('GET / HTTP/1.0\r\n\r\n');
      expect(client.takeText('</a>.\n')).toContain(`<b>${i}</b>`);
      client.end.close();
    }
    expect(network.nowNs).toBeLessThan(1e9);
  });

  it('drops frames and packets that are damaged, and survives all others', () => {
    const network = new GuestNetwork('httpd');
    const client = network.connect(HTTP);
    client.send(get('/'));
    client.takeText('</a>.\n');
    const sample = network.samples;
    const property = fc.property(
      fc.nat(sample.length - 1),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 1514 }),
      (which, changes, length) => {
        const bytes = Uint8Array.from({ length }, (_, i) => sample[which]![i] ?? 0);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        network.injectFrame(bytes);
        network.pass(50_000);
        expect(network.ended).toBeUndefined();
      },
    );
    fc.assert(property, { numRuns: runs(100) });
    const other = network.connect(HTTP);
    other.send(get('/bytes/5'));
    expectSame(other.take(answerOf(5).length), answerOf(5));
  });
});

describe('TCP in a guest over any wire', () => {
  const weather = fc.record({
    drop: fc.double({ min: 0, max: 0.25, noNaN: true }),
    duplicate: fc.double({ min: 0, max: 0.25, noNaN: true }),
    delayNs: fc.integer({ min: 1, max: 20e6 }),
  });
  const config = fc.record({
    bufferBytes: fc.integer({ min: 50, max: 65_535 }),
    maxSegment: fc.integer({ min: 40, max: 1460 }),
  });
  const requests = fc.array(fc.nat(6000), { minLength: 1, maxLength: 12 });

  it('every connection gets exactly the answers to its requests, and closes', () => {
    const property = fc.property(
      fc.integer(),
      weather,
      fc.array(fc.tuple(config, requests), { minLength: 1, maxLength: 4 }),
      (seed, sky, all) => {
        const network = new GuestNetwork('httpd', { seed, weather: sky });
        const clients = all.map(([options, counts]) => {
          const client = network.connect(HTTP, { ...options, maxRetries: 100 });
          client.send(counts.map((count) => get(`/bytes/${count}`)).join(''));
          const expected = Buffer.concat(counts.map(answerOf));
          return { client, expected };
        });
        network.runUntil(() => {
          for (const { client, expected } of clients) {
            if (client.read(1 + network.below(3000)) >= expected.length) client.end.close();
          }
          return clients.every(({ client }) => client.end.phase === 'closed');
        });
        for (const { client, expected } of clients) {
          expectSame(client.bytes, expected);
          expect(client.end.atEnd).toBe(true);
        }
      },
    );
    fc.assert(property, { numRuns: runs(3) });
  });
});
