// The client that the suite's client scenarios test: the TypeScript SDK's, told for each scenario what to do.
//
//   node client.mjs URL       the suite adds the URL of its mock server, and names the scenario in the environment
//
// With GATEWAY, a command that starts a gateway in front of the URL added to it, the client goes through that one.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const scenarios = {
  initialize: (client) => client.listTools(),
  tools_call: (client) => client.callTool({ name: 'add_numbers', arguments: { a: 5, b: 3 } }),
  'elicitation-sep1034-client-defaults': (client) => client.callTool({ name: 'test_client_elicitation_defaults' }),
  'sse-retry': (client) => client.callTool({ name: 'test_reconnection' }),
  'request-metadata': (client) => client.listTools(),
  'sep-2322-client-request-state': async (client) => {
    await client.callTool({ name: 'test_mrtr_echo_state' });
    await client.callTool({ name: 'test_mrtr_unrelated' });
    await client.callTool({ name: 'test_mrtr_no_state' });
    // This client refuses a result that does not say its type; the check is that it does not ask again.
    await client.callTool({ name: 'test_mrtr_no_result_type' }).catch(() => {});
  },
  'http-standard-headers': async (client) => {
    for (const { name } of (await client.listTools()).tools) {
      await client.callTool({ name });
    }
    for (const { uri } of (await client.listResources()).resources) {
      await client.readResource({ uri });
    }
    await client.listResourceTemplates(); // As a gateway does on its own account.
    for (const { name } of (await client.listPrompts()).prompts) {
      await client.getPrompt({ name });
    }
  },
  'http-custom-headers': async (client) => {
    // Only definitions that were read tell which arguments become headers.
    await client.listTools();
    for (const call of JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT).toolCalls) {
      await client.callTool(call);
    }
  },
  'http-invalid-tool-headers': async (client) => {
    // Of what it is offered, it calls all; what must not be called, it must not be offered.
    for (const { name } of (await client.listTools()).tools) {
      await client.callTool({ name, arguments: { region: 'us-west1' } });
    }
  },
  'json-schema-ref-no-deref': (client) => client.listTools(),
  'json-schema-2020-12-preservation': async (client) => {
    const { tools } = await client.listTools();
    const { inputSchema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await client.callTool({ name: 'json_schema_echo', arguments: { schema: inputSchema } });
  },
};

/** Starts the gateway and returns where it serves. It ends with this program. */
async function gatewayInFrontOf(url) {
  const gateway = spawn(`exec ${process.env.GATEWAY} ${url}`, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => gateway.kill());
  process.on('SIGTERM', () => process.exit(1));
  for await (const line of createInterface({ input: gateway.stdout })) {
    if (line.startsWith('READY ')) {
      return line.slice('READY '.length);
    }
  }
  throw new Error('The gateway did not start.');
}

const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION;
const mock = process.argv[2];
const url = process.env.GATEWAY ? await gatewayInFrontOf(mock) : mock;

const modern = revision >= '2026-07-28';
const client = new Client(
  { name: 'conformance-client', version: '1.0.0' },
  {
    capabilities: { roots: {}, sampling: {}, elicitation: { form: { applyDefaults: true } } },
    ...(modern
      ? { versionNegotiation: { mode: { pin: revision } } }
      : { supportedProtocolVersions: [revision] }),
  },
);
// All its fields have defaults, or need no value.
client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }));
client.setRequestHandler('roots/list', () => ({ roots: [] }));
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
await scenarios[scenario](client);
await client.close();
process.exit(0);
