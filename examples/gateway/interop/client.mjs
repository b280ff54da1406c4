// The TypeScript client at the gateway.
//
//   node client.mjs legacy|modern URL FOLDER       the folder is that of the server "files"
//
// Prints a line for each check; the first that fails ends it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [era, url, folder] = process.argv.slice(2);
const isModern = era === 'modern';
const revision = isModern ? '2026-07-28' : '2025-11-25';

async function connected() {
  const client = new Client(
    { name: 'interop', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode: isModern ? { pin: revision } : 'legacy' },
    },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ann' } }));
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'Green.' },
    model: 'a model',
  }));
  // Nowhere: roots that are there, server-filesystem would serve in place of its own folder.
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///nowhere/ann', name: 'home' }] }));
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

async function check(what, action) {
  try {
    await action();
    console.log(`ok  TypeScript client, ${era}: ${what}`);
  } catch (e) {
    console.error(`failed: TypeScript client, ${era}: ${what}: ${e.stack}`);
    process.exit(1);
  }
}

const client = await connected();
const other = await connected();

/** Returns the texts of a tool's result. */
async function call(name, args = {}, options = undefined, by = client) {
  const result = await by.callTool({ name, arguments: args }, options);
  assert.ok(!result.isError, JSON.stringify(result));
  return result.content.map((content) => content.text).join('\n');
}

await check(`speaks ${revision}`, () => assert.equal(client.getNegotiatedProtocolVersion(), revision));

await check('lists the tools of all servers', async () => {
  const { tools } = await client.listTools();
  const count = (server) => tools.filter(({ name }) => name.startsWith(`${server}__`)).length;
  assert.ok(count('pipe') >= 12);
  assert.equal(count('pipe'), count('web'));
  assert.equal(count('files'), 14);
  assert.equal(count('memory'), 9);
});

for (const server of ['pipe', 'web']) {
  await check(`${server}: calls a tool`, async () => {
    assert.equal(await call(`${server}__echo`, { message: 'Grüße 👋\u2028' }), 'Echo: Grüße 👋\u2028');
  });

  await check(`${server}: gets structured content and pictures`, async () => {
    // Which the client holds against the tool's schema.
    const name = `${server}__get-structured-content`;
    const weather = await client.callTool({ name, arguments: { location: 'Chicago' } });
    assert.equal(weather.structuredContent.temperature, 36);
    const picture = await client.callTool({ name: `${server}__get-tiny-image` });
    assert.ok(picture.content.some(({ type, mimeType }) => type === 'image' && mimeType === 'image/png'));
  });

  await check(`${server}: gets each answer to its call, of many at once`, async () => {
    const by = (i) => (i % 2 ? client : other);
    const sums = Array.from({ length: 40 }, (_, i) => call(`${server}__get-sum`, { a: i, b: 1 }, undefined, by(i)));
    (await Promise.all(sums)).forEach((sum, i) => assert.equal(sum, `The sum of ${i} and 1 is ${i + 1}.`));
  });

  await check(`${server}: hears of progress`, async () => {
    const steps = [];
    const onprogress = ({ progress, total }) => steps.push(`${progress}/${total}`);
    await call(`${server}__trigger-long-running-operation`, { duration: 0.4, steps: 4 }, { onprogress });
    assert.deepEqual(steps, ['1/4', '2/4', '3/4', '4/4']);
  });

  await check(`${server}: calls off what takes too long`, async () => {
    const signal = AbortSignal.timeout(200);
    await assert.rejects(call(`${server}__trigger-long-running-operation`, { duration: 5, steps: 1 }, { signal }));
    assert.equal(await call(`${server}__echo`, { message: 'still there' }), 'Echo: still there');
  });

  await check(`${server}: gets and completes a prompt`, async () => {
    const prompt = await client.getPrompt({ name: `${server}__args-prompt`, arguments: { city: 'Oslo' } });
    assert.equal(prompt.messages[0].content.text, "What's weather in Oslo?");
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: `${server}__completable-prompt` },
      argument: { name: 'department', value: 'S' },
    });
    assert.deepEqual(completion.values, ['Sales', 'Support']);
  });

  await check(`${server}: is told what it did wrong`, async () => {
    const result = await client.callTool({ name: `${server}__get-sum`, arguments: { a: 'one' } });
    assert.equal(result.isError, true);
    await assert.rejects(client.callTool({ name: `${server}__missing` }), { code: -32602 });
  });

  if (!isModern) {
    await check(`${server}: is asked for a form, a message and its roots`, async () => {
      assert.match(await call(`${server}__trigger-elicitation-request`), /- Name: Ann/);
      assert.match(await call(`${server}__trigger-sampling-request`, { prompt: 'Which colour?' }), /Green\./);
      assert.match(await call(`${server}__get-roots-list`), /file:\/\/\/nowhere\/ann/);
    });
  }
}

await check('reads resources, by their names and by templates', async () => {
  const { resources } = await client.listResources();
  const { uri } = resources.find(({ uri }) => uri.endsWith('/features.md'));
  assert.match((await client.readResource({ uri })).contents[0].text, /Everything Server/);
  const { resourceTemplates } = await client.listResourceTemplates();
  const { uriTemplate } = resourceTemplates.find(({ uriTemplate }) => uriTemplate.includes('/text/'));
  const numbered = await client.readResource({ uri: uriTemplate.replace('{resourceId}', '3') });
  assert.match(numbered.contents[0].text, /^Resource 3:/);
});

await check('files: writes a file and reads it', async () => {
  const path = join(folder, `${era}.txt`);
  const content = `Written by ${era}\n`;
  await call('files__write_file', { path, content });
  assert.equal(await readFile(path, 'utf8'), content);
  assert.equal(await call('files__read_text_file', { path }), content);
});

await check('memory: one client reads what another has put there', async () => {
  const entity = { name: `Ann of ${era}`, entityType: 'person', observations: ['drinks tea'] };
  await call('memory__create_entities', { entities: [entity] });
  const found = await other.callTool({ name: 'memory__open_nodes', arguments: { names: [entity.name] } });
  assert.deepEqual(found.structuredContent.entities, [entity]);
});

if (!isModern) {
  await check('ends its sessions', async () => {
    await client.transport.terminateSession();
    await other.transport.terminateSession();
  });
}
await client.close();
await other.close();
process.exit(0);
