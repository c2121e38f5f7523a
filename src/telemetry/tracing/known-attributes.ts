import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { type AttributeValue, writeAttribute } from './encode-spans.ts';

/** Names of subgraphs, URLs and the like: a gateway has far fewer combinations. */
const MOST_SETS = 5_000;
let sets = 0;

/**
 * Attributes that many spans have, encoded once. Each set knows those with one attribute more, so a span finds its set by a look-up for
 * each attribute, and stores nothing of its own. Only for values that clients cannot choose.
 */
export class KnownAttributes {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly #next = new Map<string, Map<AttributeValue, KnownAttributes>>();
  #latestName: string | undefined;
  #latestValue: AttributeValue | undefined;
  #latest: KnownAttributes | undefined;

  private constructor(bytes: Uint8Array, count: number) {
    this.bytes = bytes;
    this.count = count;
  }

  static readonly none = new KnownAttributes(new Uint8Array(), 0);

  /** Returns the set with one attribute more; `undefined` where there are too many sets. */
  with(name: string, value: AttributeValue): KnownAttributes | undefined {
    // most sets are followed by one other only
    if (this.#latestName === name && this.#latestValue === value) return this.#latest;
    const found = this.#next.get(name)?.get(value) ?? this.#add(name, value);
    this.#latestName = name;
    this.#latestValue = value;
    this.#latest = found;
    return found;
  }

  #add(name: string, value: AttributeValue): KnownAttributes | undefined {
    if (sets >= MOST_SETS) return undefined;
    sets++;
    const writer = new ProtobufWriter();
    writer.encoded(this.bytes);
    writeAttribute(writer, 9, name, value);
    const added = new KnownAttributes(Uint8Array.from(writer.written), this.count + 1);
    const values = this.#next.get(name) ?? new Map<AttributeValue, KnownAttributes>();
    this.#next.set(name, values.set(value, added));
    return added;
  }
}
