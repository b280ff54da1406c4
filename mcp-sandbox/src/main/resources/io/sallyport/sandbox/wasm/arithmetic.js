// What Java computes as well, see EngineCheck: integers of 32 bits, long ones, floating point, unsigned comparisons.
const a = BigInt(inputs.a), b = BigInt(inputs.b), m = BigInt(inputs.m);
const doubles = inputs.doubles.map(Number);
const ints = inputs.ints.map(Number);
const pairs = ints.map((x, i) => [x, ints[ints.length - 1 - i]]);
const data = inputs.data.match(/../g).map((hex) => parseInt(hex, 16));

function bits(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

function power(base, exponent) {
  let product = 1n;
  for (base %= m; exponent > 0n; exponent >>= 1n, base = (base * base) % m) {
    if (exponent & 1n) {
      product = (product * base) % m;
    }
  }
  return product;
}

function crc32() {
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return (crc ^ -1) >>> 0;
}

function adler32() {
  let low = 1, high = 0;
  for (const byte of data) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return ((high << 16) | low) >>> 0;
}

result = {
  "crc-32": String(crc32()),
  "adler-32": String(adler32()),
  "product": String(a * b),
  "quotient": String(a / b),
  "remainder": String(a % b),
  "power": String(power(a, b)),
  "shift": String(a >> 67n),
  "parsed doubles": doubles.map(bits).join(),
  "divided doubles": doubles.slice(1).map((y, i) => bits(doubles[i] / y)).join(),
  "truncated doubles": doubles.filter((x) => Math.abs(x) < 2 ** 53).map((x) => BigInt(Math.trunc(x))).join(),
  "int products": pairs.map(([x, y]) => Math.imul(x, y)).join(),
  "unsigned order": pairs.map(([x, y]) => +(x >>> 0 < y >>> 0)).join(),
  "bytes in order": [...Uint8Array.from(data).sort()].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
};
