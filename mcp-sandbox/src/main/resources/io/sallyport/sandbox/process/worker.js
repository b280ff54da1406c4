// Runs code that it is given on descriptor 4, and tells on descriptor 3 what came of it; worker.py says in which words.
// Code may change every object that it finds: what is needed once there is code is taken before.
// What is declared here at the top would be there for code to see; so would be, without 'use strict', functions in a block.
'use strict';
{
const { closeSync, readSync, writeSync } = require('fs');
const { Script } = require('vm');
const { from, alloc, concat } = Buffer;
const { apply, defineProperty } = Reflect;
const { stringify, parse } = JSON;
const { then } = Promise.prototype;
const { slice, split } = String.prototype;
const { copy, toString } = Buffer.prototype;
const { runInThisContext } = Script.prototype;
const text = String;
const number = Number;
const { Error, SyntaxError } = globalThis;
const later = setImmediate;
const wait = Atomics.wait;
const cell = new Int32Array(new SharedArrayBuffer(4));
const REPLIES = 3;
const REQUESTS = 4;
const NEWLINE = 10;
const MOST_CHARS = 4000;

function write(descriptor, string) {
  // What is no Unicode is replaced.
  const bytes = from(string);
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (e) {
      if (e.code !== 'EAGAIN') {
        throw e;
      }
      wait(cell, 0, 0, 1);
    }
  }
}

const received = alloc(64 * 1024);
let begins = 0;
let ends = 0;

function receive() {
  begins = 0;
  ends = readSync(REQUESTS, received, 0, received.length);
  if (ends === 0) {
    process.reallyExit(0);
  }
}

function read(count) {
  const bytes = alloc(count);
  let done = 0;
  while (done < count) {
    if (begins === ends) {
      receive();
    }
    const some = apply(copy, received, [bytes, done, begins, ends]);
    done += some;
    begins += some;
  }
  return apply(toString, bytes, []);
}

function lineOfRequest() {
  let line = '';
  for (;;) {
    if (begins === ends) {
      receive();
    }
    const from = begins;
    while (begins < ends && received[begins] !== NEWLINE) {
      begins++;
    }
    line += apply(toString, received, ['latin1', from, begins]);
    if (begins < ends) {
      begins++;
      return apply(split, line, [' ']);
    }
  }
}

function shown(value) {
  try {
    if (typeof value === 'object' && !(value instanceof Error)) {
      return stringify(value) ?? text(value);
    }
    return text(value);
  } catch {
    return '[object]';
  }
}

function say(descriptor) {
  return (...values) => {
    let line = '';
    for (let i = 0; i < values.length; i++) {
      line += (i === 0 ? '' : ' ') + shown(values[i]);
    }
    write(descriptor, line + '\n');
  };
}

const out = say(1);
const err = say(2);
globalThis.console = { log: out, info: out, debug: out, warn: err, error: err };

// Neither may look at what code can have changed: not for the constructor of the promise, nor at the prototype of a property.
function whenSettled(promise, fulfilled, rejected) {
  defineProperty(promise, 'constructor', { __proto__: null, value: undefined });
  apply(then, promise, [fulfilled, rejected]);
}

let isReady = false;
let isSession = false;
let nonce = '';
let most = 0;
let failure = null;
let isOver = false;
let returned;
let result;
let reply = null;
let isSettling = false;

function fail(thrown) {
  failure ??= { thrown };
}

function short(string) {
  return stringify(apply(slice, string, [0, MOST_CHARS]));
}

function failed() {
  const { thrown } = failure;
  let type = 'Error';
  let message = '';
  let trace = '';
  try {
    if (typeof thrown === 'object' && thrown !== null) {
      type = text(thrown.name ?? type);
      message = text(thrown.message ?? '');
      trace = text(thrown.stack ?? '');
    } else {
      message = text(thrown);
    }
  } catch {
    // It does not want to be looked at.
  }
  return `E{"type":${short(type)},"message":${short(message)},"trace":${short(trace)}}`;
}

function valued(value) {
  if (value === undefined) {
    return 'N';
  }
  let json;
  try {
    json = stringify(value);
  } catch (e) {
    return 'X' + shown(e);
  }
  if (json === undefined) {
    return 'XJSON cannot say a ' + typeof value;
  }
  return from(json).length > most ? 'O' : 'V' + json;
}

function value() {
  try {
    return returned === undefined ? result() : returned;
  } catch {
    // The code came back before it declared its variable.
    return undefined;
  }
}

// Code is the body of a function. Its first line is the first line, and `result` is what it means by that.
const FUNCTION = '(async function () { arguments[0](() => result); ';
// Code is a block: what it declares with var or function is global, and what it declares with let or const is not.
const BLOCK = '{ $sandbox(() => result); ';

function script(before, code, after) {
  return new Script(before + code + after, { filename: 'code.js', columnOffset: -before.length });
}

function compiled(code, isSession) {
  if (!isSession) {
    return { body: script(FUNCTION, code, '\n})'), isFunction: true };
  }
  try {
    return { body: script(BLOCK, code, '\n}'), isFunction: false };
  } catch (e) {
    try {
      // It awaits, or returns, at its top.
      return { body: script(FUNCTION, code, '\n})'), isFunction: true };
    } catch {
      throw e;
    }
  }
}

function remember(variable) {
  result ??= variable;
}

function begin() {
  const [id, codeBytes, inputsBytes, mostBytes, , kind] = lineOfRequest();
  const code = read(number(codeBytes));
  const inputs = read(number(inputsBytes));
  isSession = kind === 'session';
  if (!isSession) {
    // Code that reads from it would wait for what never comes.
    closeSync(REQUESTS);
  }
  nonce = id;
  most = number(mostBytes);
  failure = reply = null;
  isOver = isSettling = false;
  returned = result = undefined;
  // A loop that has nothing in it would not come back.
  later(() => {});
  try {
    globalThis.inputs = parse(inputs);
    globalThis.result = undefined;
    const { body, isFunction } = compiled(code, isSession);
    if (isFunction) {
      whenSettled(
        apply(apply(runInThisContext, body, []), globalThis, [remember]),
        (value) => {
          isOver = true;
          returned = value;
        },
        fail,
      );
    } else {
      defineProperty(globalThis, '$sandbox', { __proto__: null, value: remember, configurable: true });
      apply(runInThisContext, body, []);
      isOver = true;
    }
  } catch (e) {
    fail(e);
  }
}

function settle() {
  isSettling = true;
  later(() => {});
  if (failure === null && !isOver) {
    fail({ name: 'Unsettled', message: 'the code waits for what never comes' });
  }
  if (failure !== null) {
    reply = failed();
    return;
  }
  whenSettled(
    (async () => value())(),
    (value) => {
      reply = valued(value);
    },
    (e) => {
      fail(e);
      reply = failed();
    },
  );
}

// There is nothing left to be run: the code has come to its end, or its value has.
process.on('beforeExit', () => {
  if (!isReady) {
    isReady = true;
    write(REPLIES, 'READY\n');
    begin();
    return;
  }
  if (!isSettling) {
    settle();
    return;
  }
  if (reply === null) {
    failure = { thrown: { name: 'Unsettled', message: 'the value is a promise of what never comes' } };
    reply = failed();
  }
  write(REPLIES, nonce + ' ' + from(reply).length + '\n' + reply);
  if (!isSession) {
    wait(cell, 0, 0);
  }
  begin();
});
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

// What runs for the first time is compiled first: now, while nobody waits for it.
later(() => {
  whenSettled(apply(runInThisContext, compiled('', false).body, []), () => {}, fail);
  valued(parse('1'));
});
}
