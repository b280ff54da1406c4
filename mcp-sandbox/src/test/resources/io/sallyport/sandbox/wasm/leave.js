// Looks whether code before has left something, in each of these ways, and then leaves it itself.
const MARK = "left by code before";
const random = Math.random();
const { parse, stringify } = JSON;
const ways = {
  "global": [() => typeof left !== "undefined", () => { globalThis.left = MARK; }],
  "hidden global": [() => Object.getOwnPropertyDescriptor(globalThis, "hidden"), () => { Object.defineProperty(globalThis, "hidden", { value: 1 }); }],
  "symbol": [() => globalThis[Symbol.for("left")], () => { globalThis[Symbol.for("left")] = 1; }],
  "prototype of objects": [() => "leftObject" in {}, () => { Object.prototype.leftObject = 1; }],
  "prototype of arrays": [() => "leftArray" in [], () => { Array.prototype.leftArray = 1; }],
  "prototype of functions": [() => "leftFunction" in (() => {}), () => { Function.prototype.leftFunction = 1; }],
  "prototype of promises": [() => "leftPromise" in Promise.prototype, () => { Promise.prototype.leftPromise = 1; }],
  "prototype of texts": [() => "".leftText, () => { String.prototype.leftText = 1; }],
  "prototype of numbers": [() => (1).leftNumber, () => { Number.prototype.leftNumber = 1; }],
  "prototype of generators": [() => "leftGenerator" in (function* () {})(), () => { Object.getPrototypeOf(function* () {}).prototype.leftGenerator = 1; }],
  "prototype of errors": [() => "leftError" in new TypeError(), () => { Error.prototype.leftError = 1; }],
  "replaced method": [() => [3].map((x) => x)[0] !== 3, () => { Array.prototype.map = () => [MARK]; }],
  "replaced then": [() => Promise.prototype.then.name !== "then", () => { Promise.prototype.then = function left() {}; }],
  "replaced JSON": [() => JSON.stringify.name !== "stringify", () => { JSON.stringify = function left(it) { return stringify(it); }; }],
  "replaced eval": [() => eval.name !== "eval", () => { globalThis.eval = function left() {}; }],
  "replaced random": [() => Math.random() === 4, () => { Math.random = () => 4; }],
  "replaced clock": [() => Date.now() === 4, () => { Date.now = () => 4; }],
  "replaced console": [() => console.left, () => { console.left = 1; }],
  "species": [() => Array[Symbol.species] !== Array, () => { Object.defineProperty(Array, Symbol.species, { value: Object }); }],
  "iterator": [() => [][Symbol.iterator].name !== "values", () => { Array.prototype[Symbol.iterator] = function left() {}; }],
  "primitive": [() => Object.prototype[Symbol.toPrimitive], () => { Object.defineProperty(Object.prototype, Symbol.toPrimitive, { value: undefined, configurable: true }); delete Object.prototype[Symbol.toPrimitive]; Function.prototype[Symbol.for("toPrimitive")] = 1; }],
  "setter of a prototype": [() => { const it = {}; it.trap = 1; return !Object.hasOwn(it, "trap"); }, () => { Object.defineProperty(Object.prototype, "trap", { set() {} }); }],
  "toJSON": [() => "toJSON" in {}, () => { Object.defineProperty(Object.prototype, "toJSON", { value: undefined }); }],
  "template": [() => ((strings) => strings.raw.left)`x`, () => { Array.prototype.left = 1; }],
  "pattern": [() => RegExp.prototype.left || /a/.lastIndex, () => { RegExp.prototype.left = 1; }],
  "pending promise": [() => globalThis.pending, () => { globalThis.pending = new Promise(() => {}); }],
  "later job": [() => globalThis.later, () => { Promise.resolve().then; queueMicrotask(() => { globalThis.later = 1; }); }],
  "frozen global": [() => Object.isFrozen(Math), () => { Object.freeze(Math); }],
  "inputs": [() => inputs.given.length !== 1, () => { inputs.given.push(2); }],
  "kept inputs": [() => globalThis.kept, () => { globalThis.kept = inputs; }],
  "result": [() => globalThis.result !== undefined, () => { globalThis.result = MARK; }],
  "what surrounds code": [() => $sandbox.left, () => { try { $sandbox.left = 1; } catch {} try { globalThis.$sandbox = 1; } catch {} }],
  "no extensions": [() => !Object.isExtensible(globalThis), () => { Object.preventExtensions(globalThis); }],
};
const found = [];
const names = Object.keys(ways);
for (let i = 0; i < names.length; i++) {
  let is = false;
  try {
    is = Boolean(ways[names[i]][0]());
  } catch {}
  if (is) {
    found.push(names[i]);
  }
}
const mine = stringify({ found, random: [String(random)], ways: names.length });
console.log('"forged"');
console.log('{"found":["forged"]}');
for (let i = 0; i < names.length; i++) {
  try {
    ways[names[i]][1]();
  } catch {
    // Somebody has been here before.
  }
}
result = parse(mine);
