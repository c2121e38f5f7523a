export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty where the page is none. */
  readonly json: Record<string, unknown>;
}

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> };

/** As much of a browser as a login takes: it follows redirects, keeps cookies by host, and fills in forms. */
export class Browser {
  /** Names and values, by host: browsers do not tell ports apart. */
  readonly jar = new Map<string, Map<string, string>>();

  /** Asks for one page, and follows no redirect. */
  async ask(url: string, init: Init = {}): Promise<Page> {
    const { hostname } = new URL(url);
    const cookies = this.cookiesOf(hostname);
    const sent = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers: Record<string, string> = { ...(sent !== '' && { cookie: sent }), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    const text = await response.text();
    return {
      url,
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? JSON.parse(text) : {},
    };
  }

  /** Goes to a page, wherever that leads; `stopAt` is a part of a URL that it is not to go to any more. */
  async go(url: string, init: Init = {}, stopAt?: string): Promise<Page> {
    let page = await this.ask(url, init);
    for (let steps = 0; steps < 20; steps++) {
      const location = page.headers.get('location');
      if (location === null) return page;
      const next = new URL(location, page.url).href;
      if (stopAt !== undefined && next.includes(stopAt)) return { ...page, url: next };
      page = await this.ask(next);
    }
    throw new Error(`going in circles at ${page.url}`);
  }

  /** Sends the form of a page with these values. */
  submit(page: Page, values: Record<string, string>, stopAt?: string): Promise<Page> {
    const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? page.url;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const body = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...values,
    });
    return this.go(new URL(action, page.url).href, { method: 'POST', body }, stopAt);
  }

  cookiesOf(host: string): Map<string, string> {
    let cookies = this.jar.get(host);
    if (!cookies) {
      cookies = new Map();
      this.jar.set(host, cookies);
    }
    return cookies;
  }
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const mark = pair.indexOf('=');
  const [name, value] = [pair.slice(0, mark), pair.slice(mark + 1)];
  const over = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=Thu, 01 Jan 1970/i.test(one));
  // a cookie that is set again goes to the end here, as a browser's older ones come first
  cookies.delete(name);
  if (!over) cookies.set(name, value);
}
