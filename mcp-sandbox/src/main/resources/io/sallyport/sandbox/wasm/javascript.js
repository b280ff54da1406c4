// Stands between code and Java. It is evaluated once, before there is code, and what it needs later it takes now: code may
// change every object that it finds. All it tells Java goes through `host`, which code has no way to.
const host = globalThis.java_invoke;
const evaluate = globalThis.eval;
const { apply, defineProperty } = Reflect;
const { stringify, parse } = JSON;
const { then } = Promise.prototype;
const { toWellFormed, includes } = String.prototype;
const text = String;
const { Error, InternalError, TypeError } = globalThis;
const later = globalThis.queueMicrotask;

// Java finds by this where Math.random() keeps its state, to give each run another.
host("random", text(Math.random()), "");

delete globalThis.java_invoke;
delete globalThis.Javy;
delete globalThis.plugin;

// What is no Unicode cannot pass.
function tell(kind, first, second) {
  return host(kind, apply(toWellFormed, first, []), apply(toWellFormed, second, []));
}

// Neither may look at what code can have changed: not for the constructor of the promise, nor at the prototype of a property.
function whenSettled(promise, fulfilled, rejected) {
  defineProperty(promise, "constructor", { __proto__: null, value: undefined });
  apply(then, promise, [fulfilled, rejected]);
}

function shown(value) {
  try {
    if (typeof value === "object" && !(value instanceof Error)) {
      return stringify(value) ?? text(value);
    }
    return text(value);
  } catch {
    return "[object]";
  }
}

function say(stream) {
  return (...values) => {
    let line = "";
    for (let i = 0; i < values.length; i++) {
      line += (i === 0 ? "" : " ") + shown(values[i]);
    }
    tell(stream, line, "\n");
  };
}

const out = say("stdout");
const err = say("stderr");
globalThis.console = { log: out, info: out, debug: out, warn: err, error: err };

globalThis.queueMicrotask = function queueMicrotask(job) {
  if (typeof job !== "function") {
    throw new TypeError("not a function");
  }
  later(() => {
    try {
      job();
    } catch (e) {
      fail(e);
    }
  });
};

let failure;
let isCompiled;
let isOver;
let returned;
let result;

function fail(thrown) {
  failure ??= { thrown };
}

function tellFailure() {
  const { thrown } = failure;
  let type = "Error";
  let message = "";
  let trace = "";
  try {
    if (typeof thrown === "object" && thrown !== null) {
      type = text(thrown.name ?? type);
      message = text(thrown.message ?? "");
      trace = text(thrown.stack ?? "");
    } else {
      message = text(thrown);
    }
  } catch {
    // It does not want to be looked at.
  }
  tell("trace", trace, "");
  tell("error", type, message);
}

function tellValue(value) {
  if (value === undefined) {
    tell("nothing", "", "");
    return;
  }
  let json;
  try {
    json = stringify(value);
  } catch (e) {
    fail(e instanceof InternalError ? e : { name: "ValueNotJson", message: "JSON cannot say the value: " + shown(e) });
  }
  if (json === undefined) {
    fail({ name: "ValueNotJson", message: "JSON cannot say a " + typeof value });
    tellFailure();
  } else {
    tell("value", json, "");
  }
}

function value() {
  try {
    return returned === undefined ? result() : returned;
  } catch {
    // The code came back before it declared its variable.
    return undefined;
  }
}

// Code says by its first statement how to get at what `result` means to it, be it its own variable or the global one.
function begin(variable) {
  if (!isCompiled) {
    isCompiled = true;
    result = variable;
  }
}

// Whether code awaits outside functions; it can then be no script. Where there is no function around it, `await` may be the
// name of something to a script, and "await (x)" a call: not so in a class.
function awaits(code) {
  if (!apply(includes, code, ["await"])) {
    return false;
  }
  try {
    evaluate("(function () { (class { static { " + code + "\n} }) })");
    return false;
  } catch {
    return true;
  }
}

// Runs code so that what it declares by var and function is global. Returns false if it is no script.
function isRunAsScript(code) {
  try {
    // Its first line is the first line.
    evaluate("$sandbox.begin(() => result); " + code);
    isOver = true;
  } catch (e) {
    if (!isCompiled) {
      return false;
    }
    fail(e);
  }
  return true;
}

function runAsFunction(code) {
  whenSettled(
    apply(evaluate("(async function () { $sandbox.begin(() => result); " + code + "\n})"), globalThis, []),
    (value) => {
      isOver = true;
      returned = value;
    },
    fail,
  );
}

function start() {
  const inputs = tell("inputs", "", "");
  if (inputs === "") {
    // It is code that calls, and not the host.
    return;
  }
  failure = null;
  isCompiled = false;
  isOver = false;
  returned = undefined;
  result = undefined;
  try {
    globalThis.inputs = parse(inputs);
    globalThis.result = undefined;
    const code = tell("code", "", "");
    if (awaits(code) || !isRunAsScript(code)) {
      runAsFunction(code);
    }
  } catch (e) {
    fail(e);
  }
}

// Runs when there is nothing left to be run. It must not throw.
function finish() {
  if (tell("finish", "", "") === "") {
    // As above.
    return;
  }
  if (failure === null && !isOver) {
    fail({ name: "Unsettled", message: "the code waits for what never comes" });
  }
  if (failure === null) {
    whenSettled(
      (async () => value())(),
      tellValue,
      (e) => {
        fail(e);
        tellFailure();
      },
    );
  } else {
    tellFailure();
  }
}

// Code sees these, but they do nothing for it: it has begun, and what is told of its end before that is not heard.
defineProperty(globalThis, "$sandbox", { __proto__: null, value: Object.freeze({ __proto__: null, start, begin, finish }) });
