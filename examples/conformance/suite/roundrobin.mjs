// A proxy that knows nothing of sessions: each request goes to the next node, whoever sends it.
//
//   node roundrobin.mjs URL…     prints READY and where it serves
import { Agent, createServer, request } from 'node:http';

const nodes = process.argv.slice(2).map((url) => new URL(url));
const agent = new Agent({ keepAlive: false });
let next = 0;

const proxy = createServer((incoming, outgoing) => {
  const node = nodes[next++ % nodes.length];
  const passed = request(
    { agent, host: node.hostname, port: node.port, path: incoming.url, method: incoming.method, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    },
  );
  passed.on('error', () => outgoing.destroy());
  outgoing.on('close', () => passed.destroy());
  incoming.pipe(passed);
});
proxy.listen(0, '127.0.0.1', () => console.log(`READY http://127.0.0.1:${proxy.address().port}${nodes[0].pathname}`));
