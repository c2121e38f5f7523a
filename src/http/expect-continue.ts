import type { Server } from 'node:http';

/**
 * Asks for the body of a request with `Expect: 100-continue` only when the handler begins to read it (RFC 9110, section 10.1.1). A
 * request that is refused by its headers, such as its `Content-Length`, gets the refusal instead, and the client need not
 * send the body. Node alone asks for every body.
 */
export function continueWhenRead(server: Server, isDraining: () => boolean): void {
  server.on('checkContinue', (req, res) => {
    const keepAlive = res.shouldKeepAlive;
    const read = req._read;
    // after a refusal, the client may send the body or not, so what follows on the connection is ambiguous
    res.shouldKeepAlive = false;
    req._read = (size) => {
      req._read = read;
      if (!res.headersSent) {
        res.shouldKeepAlive = keepAlive && !isDraining();
        res.writeContinue();
      }
      read.call(req, size);
    };
    server.emit('request', req, res);
  });
}
