// Runs code in a Node.js of its own, and tells what came of it: fresh() in a process that runs nothing else, call() in one
// in which code finds what code before it has left. What it needs it takes before there is code, which may change every
// object that it finds. The reply is the same as that of guest.py.
(() => {
  const { runInThisContext } = require("vm");
  const { writeFileSync } = require("fs");
  const { stringify, parse } = JSON;
  const { apply, defineProperty } = Reflect;
  const { from, byteLength } = Buffer;
  const { toString } = Buffer.prototype;
  const text = String;
  const later = setImmediate;
  const MOST_CHARS = 4000;
  const NAME = { filename: "<code>" };

  function payload(encoded) {
    const [code, inputs] = parse(from(encoded, "base64").toString("utf8"));
    return { code, inputs: parse(inputs) };
  }

  // What is no Unicode cannot pass.
  function clean(value) {
    return apply(toString, from(text(value).slice(0, MOST_CHARS), "utf8"), ["utf8"]);
  }

  function failure(thrown) {
    let type = "Error";
    let message = "";
    let trace = "";
    try {
      if (typeof thrown === "object" && thrown !== null) {
        type = clean(thrown.name ?? type);
        message = clean(thrown.message ?? "");
        trace = text(thrown.stack ?? "")
          .split("\n")
          .filter((line) => line.includes("<code>:"))
          .slice(0, 20)
          .join("\n");
      } else {
        message = clean(thrown);
      }
    } catch {
      // It does not want to be looked at.
    }
    return "E" + stringify({ __proto__: null, type, message, trace: clean(trace) });
  }

  function reply(value, most) {
    if (value === undefined) {
      return "N";
    }
    let json;
    try {
      json = stringify(value);
    } catch (e) {
      return "X" + clean(e && e.message);
    }
    if (json === undefined) {
      return "X" + "JSON cannot say a " + typeof value;
    }
    return byteLength(json) > most ? "O" : "V" + json;
  }

  function fresh() {
    const [most, ...chunks] = process.argv.slice(1);
    process.argv = [process.execPath];
    const { exit } = process;
    const { code, inputs } = payload(chunks.join(""));
    let told = false;
    let isAsked = false;
    let isOver = false;
    let returned;
    let result;

    function tell(what) {
      if (!told) {
        told = true;
        writeFileSync(3, what);
      }
    }
    function fail(thrown) {
      tell(failure(thrown));
      apply(exit, process, [1]);
    }
    function value() {
      try {
        return returned === undefined ? result() : returned;
      } catch {
        // The code came back before it declared its variable.
        return undefined;
      }
    }

    process.on("uncaughtException", fail);
    process.on("beforeExit", () => {
      if (!isOver || isAsked) {
        fail({ name: "Unsettled", message: "the code waits for what never comes" });
      }
      isAsked = true;
      (async () => value())().then((it) => {
        tell(reply(it, +most));
        apply(exit, process, [0]);
      }, fail);
    });
    process.on("exit", (status) => {
      tell(status === 0 ? reply(value(), +most) : failure({ name: "SystemExit", message: text(status) }));
    });

    globalThis.inputs = inputs;
    globalThis.result = undefined;
    let main;
    try {
      // Code is the body of the function. Its first line is the first line, and `result` is what it means by that, be it its
      // own variable or the global one.
      main = runInThisContext("(async function () { arguments[0](() => result); " + code + "\n})", NAME);
    } catch (e) {
      fail(e);
    }
    apply(main, globalThis, [(variable) => (result ??= variable)]).then((it) => {
      isOver = true;
      returned = it;
    }, fail);
  }

  const tooMuch = { name: "OutputExceeded", message: "the code has said more than it may" };

  // The interpreter reads on while code waits, and prints this where the server looks for the end of what it sent.
  const MARK = /^eoe_[0-9A-Za-z]{20}\n$/;

  function capped(stream, most) {
    const before = stream.write;
    const parts = [];
    const it = { left: most, over: false };
    stream.write = (chunk, encoding, done) => {
      if (typeof chunk === "string" && MARK.test(chunk)) {
        return apply(before, stream, [chunk]);
      }
      const bytes = typeof chunk === "string" ? from(chunk, typeof encoding === "string" ? encoding : "utf8") : from(chunk);
      parts.push(bytes.subarray(0, it.left < 0 ? 0 : it.left));
      it.left -= bytes.length;
      if (it.left < 0) {
        it.over = true;
        throw tooMuch;
      }
      const whenDone = typeof encoding === "function" ? encoding : done;
      if (typeof whenDone === "function") {
        later(whenDone);
      }
      return true;
    };
    it.restore = () => {
      stream.write = before;
      return Buffer.concat(parts).toString("utf8");
    };
    return it;
  }

  function isPromise(value) {
    return typeof value === "object" && value !== null && typeof value.then === "function";
  }

  // What code is doing that has not come to its end; the server is asked for it again.
  let pending = null;

  function call(encoded, nonce, most) {
    const { code, inputs } = payload(encoded);
    const out = capped(process.stdout, most);
    const err = capped(process.stderr, most);
    pending = { out, err, told: null };
    const mine = pending;
    const end = (told) => (mine.told = told);
    const fail = (thrown) => end(failure(thrown));
    const finish = () => {
      const value = runInThisContext("result", NAME);
      if (isPromise(value)) {
        value.then((it) => end(reply(it, most)), fail);
      } else {
        end(reply(value, most));
      }
    };
    try {
      globalThis.inputs = inputs;
      try {
        runInThisContext("result = undefined", NAME);
      } catch {
        // Code before has made a constant of it.
      }
      const value = runInThisContext(code, NAME);
      if (isPromise(value)) {
        value.then(finish).then(undefined, fail);
      } else {
        finish();
      }
    } catch (e) {
      fail(e);
    }
    poll(nonce);
  }

  function poll(nonce) {
    if (pending.told === null) {
      line(nonce + "-");
      return;
    }
    const said = [pending.out.restore(), pending.err.restore()];
    const told = pending.out.over || pending.err.over ? "O" : pending.told;
    line(nonce + from(stringify([told, ...said])).toString("base64"));
  }

  const rawWrite = process.stdout.write;

  function line(text) {
    apply(rawWrite, process.stdout, ["\n" + text + "\n"]);
  }

  // An interpreter that is gone would answer nobody; there is time to end it when the session ends.
  function open() {
    process.exit = (status) => {
      throw { name: "SystemExit", message: text(status ?? 0) };
    };
    call.poll = poll;
    defineProperty(globalThis, "$sallyport", { __proto__: null, value: call });
  }

  return { fresh, open };
})()
