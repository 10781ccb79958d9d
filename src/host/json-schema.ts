/**
 * A document held against a JSON schema (draft 2020-12): the first fault, at its place and in words
 * that come from the schema, and the values that the schema has for what is not given.
 *
 * The words: every property that a document may have carries a `description` that can follow
 * "expected", as in "expected HOST:PORT, got 7".
 */
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import { nearest } from '../base/suggest.ts';

/** A schema, or a part of one; only what is used here. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** Where in a document: names of fields and indexes of lists. */
export type DocumentPath = readonly (string | number)[];

/** What is wrong with a document. */
export interface DocumentFault {
  readonly path: DocumentPath;
  readonly message: string;
}

/** Characters of a wrong value that a message repeats. */
const MAX_SHOWN = 60;

/** The first thing in `document` that `schema` does not allow; undefined where all is well. */
export function findFault(document: unknown, schema: JsonSchema): DocumentFault | undefined {
  const errors = errorsOf(document, schema);
  // Whoever holds a fault is faulty too; what is the matter is said by the deepest.
  const depth = ({ instanceLocation }: { instanceLocation: string }): number =>
    instanceLocation.split('/').length;
  const deepest = Math.max(0, ...errors.map(depth));
  const error = errors.find((one) => depth(one) === deepest);
  if (!error) return undefined;
  const path = pathOf(error.instanceLocation, document);
  if (error.keyword === 'false') return unknownField(path, schema);
  if (error.keyword === 'required') return missingField(path, document, schema);
  const { description } = schemaAt(schema, path);
  return { path, message: `expected ${description}, got ${show(valueAt(document, path))}` };
}

function errorsOf(document: unknown, schema: JsonSchema): OutputUnit[] {
  try {
    return new Validator(schema as Schema, '2020-12', false).validate(document).errors;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    // A name of half a character cannot be part of the validator's pointers.
    return [{ instanceLocation: '#', keyword: 'type', keywordLocation: '#', error: '' }];
  }
}

/** `document`, in which there is no fault, with the schema's defaults where nothing is given. */
export function withDefaults(document: unknown, schema: JsonSchema): unknown {
  const { properties = {}, items } = schema;
  if (Array.isArray(document) && items) return document.map((item) => withDefaults(item, items));
  if (typeof document !== 'object' || document === null) return document;
  const given = document as Readonly<Record<string, unknown>>;
  const fields = Object.entries(properties).flatMap(([name, field]) => {
    const value = given[name] ?? field.default;
    return value === undefined ? [] : [[name, withDefaults(value, field)]];
  });
  return Object.fromEntries(fields);
}

/** A place in a document as people write it: hosts[1].address. */
export const placeText = (path: DocumentPath): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

function unknownField(path: DocumentPath, schema: JsonSchema): DocumentFault {
  const name = String(path.at(-1));
  const known = Object.keys(schemaAt(schema, path.slice(0, -1)).properties ?? {});
  const near = nearest(name, known);
  const hint = near ? `did you mean ${near}?` : `known are ${known.join(', ')}`;
  return { path, message: `unknown field; ${hint}` };
}

function missingField(path: DocumentPath, document: unknown, schema: JsonSchema): DocumentFault {
  const { properties = {}, required = [] } = schemaAt(schema, path) as JsonSchema & {
    readonly required?: readonly string[];
  };
  const given = valueAt(document, path) as Readonly<Record<string, unknown>>;
  const name = required.find((field) => given[field] === undefined)!;
  return { path, message: `"${name}" is missing: ${properties[name]?.description}` };
}

/** The path that a pointer of the validator means: #/hosts/1/address. */
function pathOf(pointer: string, document: unknown): DocumentPath {
  const path: (string | number)[] = [];
  for (const word of pointer.split('/').slice(1)) {
    const name = decodeURIComponent(word).replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(valueAt(document, path)) ? Number(name) : name);
  }
  return path;
}

function valueAt(document: unknown, path: DocumentPath): unknown {
  let value = document;
  for (const step of path) value = (value as Readonly<Record<string | number, unknown>>)[step];
  return value;
}

function schemaAt(schema: JsonSchema, path: DocumentPath): JsonSchema {
  let part = schema;
  for (const step of path) {
    part = (typeof step === 'number' ? part.items : part.properties?.[step]) ?? {};
  }
  return part;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string' && value.length > MAX_SHOWN)
    return `${JSON.stringify(value.slice(0, MAX_SHOWN))} …`;
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)} …`;
}
