import { describe, expect, it, vi } from 'vitest';
import { Payload } from '../../src/executor/payload.ts';
import { PayloadStream } from '../../src/executor/payload-stream.ts';

const payload = (text: string) => new Payload(text, []);

async function textsOf(stream: AsyncIterable<Payload>): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const one of stream) texts.push(one.takeText());
  return texts;
}

describe('a payload', () => {
  it('gives its text to the last reader, and lets go of it', () => {
    const one = payload('{"a":1}');
    expect([one.dataText, one.takeText(), one.dataText, one.takeText()]).toEqual(['{"a":1}', '{"a":1}', '', '']);
  });

  it('without data stays without data', () => {
    const one = new Payload(undefined, [{ message: 'no' }]);
    expect([one.takeText(), one.dataText]).toEqual([undefined, undefined]);
  });
});

describe('a stream of payloads', () => {
  it('keeps what is written before it is read, in order', async () => {
    const stream = new PayloadStream(() => {});
    stream.write(payload('1'));
    stream.write(payload('2'));
    stream.close();
    expect(await textsOf(stream)).toEqual(['1', '2']);
  });

  it('hands over what is written while a reader waits', async () => {
    const stream = new PayloadStream(() => {});
    const read = textsOf(stream);
    await Promise.resolve();
    stream.write(payload('1'));
    stream.close();
    expect(await read).toEqual(['1']);
  });

  it('changes payloads as they are read, in the order of the changes', async () => {
    const stream = new PayloadStream(() => {})
      .map((one) => payload(`${one.takeText()}a`))
      .map((one) => payload(`${one.takeText()}b`));
    stream.write(payload('1'));
    stream.close();
    expect(await textsOf(stream)).toEqual(['1ab']);
  });

  it('fails after what was written before', async () => {
    const stream = new PayloadStream(() => {});
    stream.write(payload('1'));
    stream.fail(new Error('broken'));
    expect((await stream.next()).value.takeText()).toBe('1');
    await expect(stream.next()).rejects.toThrow('broken');
    expect((await stream.next()).done).toBe(true);
    await stream.ended;
  });

  it('is cancelled by a reader that stops, once, and drops what was not read', async () => {
    const onCancel = vi.fn();
    const stream = new PayloadStream(onCancel);
    stream.write(payload('1'));
    stream.write(payload('2'));
    for await (const _ of stream) break;
    await stream.ended;
    stream.write(payload('3'));
    await stream.return();
    expect([onCancel.mock.calls.length, (await stream.next()).done]).toEqual([1, true]);
  });

  it('that has ended is not cancelled any more', async () => {
    const onCancel = vi.fn();
    const stream = new PayloadStream(onCancel);
    stream.close();
    await stream.return();
    expect(onCancel).not.toHaveBeenCalled();
  });
});
