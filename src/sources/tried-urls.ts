/** The URLs that tries of one request have used. Most requests have one try: a list would be two more objects for each. */
export class TriedUrls {
  #first: string | undefined;
  #others: string[] | undefined;

  /** @param urls those that were tried already */
  constructor(...urls: readonly string[]) {
    for (const url of urls) this.add(url);
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  add(url: string): void {
    if (this.#first === undefined) this.#first = url;
    else if (this.#others === undefined) this.#others = [url];
    else this.#others.push(url);
  }

  includes(url: string): boolean {
    return this.#first === url || this.#others?.includes(url) === true;
  }
}
