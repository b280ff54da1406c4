# What Java computes as well, see EngineCheck: hashes (32 and 64 bits, rotations), checksums, long integers, floating point,
# unsigned comparisons.
import hashlib, struct, zlib  # noqa: E401

data = bytes.fromhex(inputs['data'])
a, b, m = (int(inputs[name]) for name in 'abm')
doubles = [float(text) for text in inputs['doubles']]
pairs = [(int(x), int(y)) for x, y in zip(inputs['ints'], reversed(inputs['ints']))]


def bits(number):
    return struct.pack('>d', number).hex()


def signed(number):
    return struct.unpack('<i', struct.pack('<I', number & 0xFFFFFFFF))[0]


def joined(values):
    return ','.join(str(value) for value in values)


result = {
    'sha-256': hashlib.sha256(data).hexdigest(),
    'sha-512': hashlib.sha512(data).hexdigest(),
    'crc-32': str(zlib.crc32(data)),
    'adler-32': str(zlib.adler32(data)),
    'product': str(a * b),
    'quotient': str(a // b),
    'remainder': str(a % b),
    'power': str(pow(a, b, m)),
    'shift': str(a >> 67),
    'parsed doubles': joined(bits(x) for x in doubles),
    'divided doubles': joined(bits(x / y) for x, y in zip(doubles, doubles[1:])),
    'truncated doubles': joined(int(x) for x in doubles if abs(x) < 2 ** 53),
    'int products': joined(signed(x * y) for x, y in pairs),
    'unsigned order': joined(int(x & 0xFFFFFFFF < y & 0xFFFFFFFF) for x, y in pairs),
    'bytes in order': bytes(sorted(data)).hex(),
    'words in order': joined(w.hex() for w in sorted(data[i:i + 4] for i in range(0, len(data), 4))),
}
