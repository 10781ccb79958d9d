/**
 * RESP, version 2: requests, and where answers end
 * (redis.io/docs/latest/develop/reference/protocol-spec).
 */

/** A request as clients send it. */
export function request(...words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word, 'latin1')}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}

/** An answer: a line with its sign, or bytes, or a list of answers. */
export type Answer = string | Buffer | null | Answer[];

/** The answer that begins at `at`, and where it ends; undefined if it is not complete. */
export function parseAnswer(bytes: Buffer, at = 0): { answer: Answer; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('latin1', at, lineEnd);
  let end = lineEnd + 2;
  const count = Number(line.slice(1));
  if (line[0] === '$') {
    if (count < 0) return { answer: null, end };
    if (bytes.length < end + count + 2) return undefined;
    return { answer: bytes.subarray(end, end + count), end: end + count + 2 };
  }
  if (line[0] !== '*') return { answer: line, end };
  if (count < 0) return { answer: null, end };
  const list: Answer[] = [];
  while (list.length < count) {
    const next = parseAnswer(bytes, end);
    if (!next) return undefined;
    list.push(next.answer);
    end = next.end;
  }
  return { answer: list, end };
}

/** All answers in `bytes`, which must hold nothing else. */
export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = parseAnswer(bytes, at);
    if (!next) throw new Error(`an incomplete answer: ${bytes.toString('latin1', at, at + 100)}`);
    answers.push(next.answer);
    at = next.end;
  }
  return answers;
}

/** An answer as text, to compare and to read. */
export function show(answer: Answer): string {
  if (answer === null) return 'nil';
  if (typeof answer === 'string') return answer;
  if (Array.isArray(answer)) return `[${answer.map(show).join(' ')}]`;
  return JSON.stringify(answer.toString('latin1'));
}
