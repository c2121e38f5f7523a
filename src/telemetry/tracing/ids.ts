import { randomFillSync } from 'node:crypto';

// filled at once: a call for each id costs more than the id
const POOL = new Int32Array(1_024);
let used = POOL.length;

/** The id of a trace, in four words of 32 bits. Ids are numbers until a header or a log line needs their digits: most spans need none. */
export type TraceWords = readonly [number, number, number, number];

/** Returns 32 random bits. */
export function randomWord(): number {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  return POOL[used++] as number;
}

/** Returns a random id, which is never zero. */
export function randomWords(): TraceWords {
  return [randomWord(), randomWord(), randomWord(), randomWord() || 1];
}

/** Returns the bits of 8 hexadecimal digits. */
export function wordAt(digits: string, at: number): number {
  return Number.parseInt(digits.slice(at, at + 8), 16) | 0;
}

/** Returns the words of 32 hexadecimal digits. */
export function wordsOf(digits: string): TraceWords {
  return [wordAt(digits, 0), wordAt(digits, 8), wordAt(digits, 16), wordAt(digits, 24)];
}

const SCRATCH = Buffer.alloc(16);

/** Returns the hexadecimal digits of words of 32 bits, 8 of each; at most four words. */
export function digitsOf(words: readonly number[]): string {
  for (let i = 0; i < words.length; i++) SCRATCH.writeInt32BE(words[i] as number, 4 * i);
  return SCRATCH.toString('hex', 0, 4 * words.length);
}

/** The codes of the digits of each byte. */
const DIGITS = Uint8Array.from(Array.from({ length: 256 }, (_, byte) => hexOf(byte)).join(''), (digit) =>
  digit.charCodeAt(0),
);
const TRACE_PARENT = Buffer.from(`00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`);
const FLAGS_AT = TRACE_PARENT.length - 1;
const [ZERO, ONE] = Buffer.from('01') as unknown as [number, number];

/**
 * Returns a `traceparent`. It is written digit by digit into one buffer: made of strings, it takes five times as long, and each request
 * to a source has one. @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceParentOf(trace: TraceWords, idHigh: number, idLow: number, isSampled: boolean): string {
  writeWord(3, trace[0]);
  writeWord(11, trace[1]);
  writeWord(19, trace[2]);
  writeWord(27, trace[3]);
  writeWord(36, idHigh);
  writeWord(44, idLow);
  TRACE_PARENT[FLAGS_AT] = isSampled ? ONE : ZERO;
  return TRACE_PARENT.toString('latin1');
}

/** Returns the trace id in a `traceparent`. */
export function traceIdIn(traceParent: string): string {
  return traceParent.slice(3, 35);
}

/** Returns the span id in a `traceparent`. */
export function spanIdIn(traceParent: string): string {
  return traceParent.slice(36, 52);
}

function writeWord(at: number, word: number): void {
  writeByte(at, word >>> 24);
  writeByte(at + 2, (word >>> 16) & 0xff);
  writeByte(at + 4, (word >>> 8) & 0xff);
  writeByte(at + 6, word & 0xff);
}

function writeByte(at: number, byte: number): void {
  TRACE_PARENT[at] = DIGITS[2 * byte] as number;
  TRACE_PARENT[at + 1] = DIGITS[2 * byte + 1] as number;
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
