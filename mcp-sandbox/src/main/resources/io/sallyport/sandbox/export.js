result = (() => {
  // What engines and sandboxes put there themselves, as far as it can be seen.
  const theirs = new Set(
    ("inputs result console queueMicrotask TextDecoder TextEncoder global process require module exports Buffer " +
      "setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate structuredClone atob btoa " +
      "performance fetch navigator crypto localStorage sessionStorage").split(" "),
  );
  const variables = {};
  const leftOut = [];
  for (const name of Object.keys(globalThis)) {
    if (name.startsWith("_") || theirs.has(name)) {
      continue;
    }
    try {
      const json = JSON.stringify(globalThis[name]);
      if (json === undefined) {
        leftOut.push(name);
      } else {
        variables[name] = JSON.parse(json);
      }
    } catch {
      leftOut.push(name);
    }
  }
  return { variables, left_out: leftOut };
})();
