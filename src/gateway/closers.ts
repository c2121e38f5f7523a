/** What is opened for an assembly, to be closed in the opposite order. */
export class Closers {
  readonly #list: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#list.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.#list.splice(0).reverse()) await close();
  }
}
