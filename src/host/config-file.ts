/**
 * The configuration of a machine from its file, YAML or JSON: held against the JSON schema
 * docs/machine.schema.json, the reference of its fields and their defaults, and against what no
 * schema can say.
 * An error names the file, the line and column, the field, and what is expected there.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { VmftError } from '../base/errors.ts';
import { openArbiter } from './arbiter.ts';
import { readUserFile } from './files.ts';
import { type ConfigDocument, configOf, type GroupConfig } from './group-config.ts';
import {
  type DocumentFault,
  type DocumentPath,
  findFault,
  type JsonSchema,
  placeText,
  withDefaults,
} from './json-schema.ts';
import { checkFirstMetrics } from './part.ts';
import { parseAddress, parseHostPort } from './secure-socket.ts';

const SCHEMA = fileURLToPath(new URL('../../docs/machine.schema.json', import.meta.url));

/** Characters that no text has. */
const NO_TEXT = /(?![\t\n\r])\p{Cc}/u;

/** Reads and checks a configuration; VmftError 'input' where it is none. */
export function readConfig(file: string): GroupConfig {
  const text = decode(readUserFile(file, 'configuration', 'input'));
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new VmftError('input', `${file}:${line}:${col}: ${message}`);
  };
  const binary = text.search(NO_TEXT);
  if (binary >= 0) fail(binary, `${nameOf(text, binary)} in it: expected a text, YAML or JSON`);
  const [broken] = document.errors;
  if (broken) fail(broken.pos[0], broken.message);
  const schema = JSON.parse(decode(readUserFile(SCHEMA, 'schema', 'environment'))) as JsonSchema;
  const contents: unknown = contentsOf(document, fail);
  const fault = findFault(contents, schema);
  if (fault) fail(offsetOf(document, fault.path), wordsOf(fault));
  const complete = withDefaults(contents, schema) as ConfigDocument;
  const doubt = findDoubt(complete);
  if (doubt) fail(offsetOf(document, doubt.path), wordsOf(doubt));
  return configOf(complete, dirname(resolve(file)));
}

/** The character of `text` at `offset`, as U+0007. */
const nameOf = (text: string, offset: number): string =>
  `U+${text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0')}`;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function contentsOf(document: Document, fail: (offset: number, message: string) => never): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // An alias of nothing, or aliases of aliases beyond all measure.
    if (error instanceof ReferenceError) return fail(0, error.message);
    throw error;
  }
}

const wordsOf = ({ path, message }: DocumentFault): string =>
  path.length === 0 ? message : `${placeText(path)}: ${message}`;

/** What is wrong although the schema allows it. */
function findDoubt(config: ConfigDocument): DocumentFault | undefined {
  const { hosts, timing, disk, gateway, arbiter, metrics } = config;
  const twin = hosts.findIndex(({ name }, at) => hosts.findIndex((h) => h.name === name) < at);
  if (twin >= 0) {
    const message = `${hosts[twin]!.name} is there already; give every host a name of its own`;
    return { path: ['hosts', twin, 'name'], message };
  }
  const { heartbeatMs, failureTimeoutMs } = timing;
  if (failureTimeoutMs < 2 * heartbeatMs) {
    const message = `${failureTimeoutMs} is less than twice the heartbeat of ${heartbeatMs}`;
    return { path: ['timing', 'failureTimeoutMs'], message };
  }
  const checks: [DocumentPath, () => unknown][] = [
    ...hosts.map(({ address }, at): [DocumentPath, () => unknown] => [
      ['hosts', at, 'address'],
      () => parseAddress(address),
    ]),
    [['disk'], () => parseAddress(disk)],
    [['gateway'], () => parseAddress(gateway)],
    [['metrics'], () => metrics && checkFirstMetrics(parseHostPort(metrics), hosts.length)],
    [['arbiter'], () => openArbiter(arbiter, () => {}).close()],
  ];
  for (const [path, check] of checks) {
    const message = refusalOf(check);
    if (message !== undefined) return { path, message };
  }
  return undefined;
}

function refusalOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof VmftError) return error.message;
    throw error;
  }
}

/** Where the field at `path` begins in the text, or what is there of the way to it. */
function offsetOf(document: Document, path: DocumentPath): number {
  let offset = document.contents?.range?.[0] ?? 0;
  for (let length = 1; length <= path.length; length++) {
    const holder: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const step = path[length - 1]!;
    const named = isMap(holder) && holder.items.find(({ key }) => String(key) === String(step));
    const node = named ? named.key : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) offset = node.range[0];
  }
  return offset;
}
