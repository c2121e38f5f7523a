import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';

const PROTO = `
syntax = "proto3";
message Node { string text = 1; repeated Node nodes = 2; uint32 number = 3; fixed64 time = 4; double part = 5; bytes id = 16; fixed32 flags = 17; }
`;
const Node = protobuf.parse(PROTO).root.lookupType('Node');

function read(write: (writer: ProtobufWriter) => void): Record<string, unknown> {
  const writer = new ProtobufWriter();
  write(writer);
  return Node.toObject(Node.decode(writer.written), { longs: String, bytes: Buffer });
}

describe('a writer of Protocol Buffers', () => {
  test.each([0, 1, 63, 64, 127, 128, 16_383, 16_384, 3_000_000])(
    'writes texts and messages of %i characters',
    (length) => {
      for (const character of ['a', 'é', '💡']) {
        const text = character.repeat(length);
        for (const width of [1, 2] as const)
          expect(
            read((writer) => {
              const begun = writer.begin(2, width);
              if (length > 0) writer.text(1, text);
              writer.end(begun);
              writer.varint(3, 7);
            }),
          ).toEqual({ nodes: [length > 0 ? { text } : {}], number: 7 });
      }
    },
  );

  test('writes numbers of all sizes', () => {
    for (const number of [1, 127, 128, 16_384, 2 ** 21, 2 ** 28, 2 ** 31, 2 ** 32 - 1])
      expect(read((writer) => writer.varint(3, number))).toEqual({ number });
    expect(read((writer) => writer.double(5, -0.1))).toEqual({ part: -0.1 });
    expect(read((writer) => writer.fixed64(4, 2n ** 64n - 1n))).toEqual({ time: '18446744073709551615' });
    expect(read((writer) => writer.fixed32(17, 0x301))).toEqual({ flags: 0x301 });
  });

  test('writes times in nanoseconds, and ids of words whose first bit is set', () => {
    expect(read((writer) => writer.time(4, 1_700_000_000_123.5))).toEqual({ time: '1700000000123500000' });
    expect(read((writer) => writer.time(4, 1_700_000_000_999.75))).toEqual({ time: '1700000000999750000' });
    const id = Buffer.from('ff00000100000002', 'hex');
    expect(read((writer) => writer.id(16, 0xff000001 | 0, 2))).toEqual({ id });
    expect(read((writer) => writer.words(16, [0xff000001 | 0, 2]))).toEqual({ id });
  });

  test('can be used again', () => {
    const used = read((writer) => {
      writer.text(1, 'kept');
      const { length } = writer;
      writer.text(1, 'dropped');
      writer.truncate(length);
      writer.varint(3, 1);
    });
    expect(used).toEqual({ text: 'kept', number: 1 });
  });
});
