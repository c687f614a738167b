"""Reads a Sealift bundle with nothing but docs/bundle-format.md to go by.

It shares no code with Sealift and exists to prove that the document is enough to write a reader
from. Needs Python 3.8 or later and, for compressed blocks, the zstd program.

    python3 read_bundle.py FILE

prints one line of JSON (who signed, the releases, every blob with its size, what it builds on) or ends with 1 and the
reason on standard error.
"""

import base64
import hashlib
import json
import subprocess
import sys

BLOCK = 4 * 1024 * 1024
MAX_INDEX = 64 * 1024 * 1024
MAX_SIGNATURE = 4096


class Refused(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Refused(reason)


# --- Ed25519 (RFC 8032, section 5.1.7), verification only ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    s = (a[1] - a[0]) * (b[1] - b[0]) % P
    t = (a[1] + a[0]) * (b[1] + b[0]) % P
    u = 2 * a[3] * b[3] * D % P
    v = 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def decode_point(data):
    number = int.from_bytes(data, 'little')
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def ed25519_verify(public, message, signature):
    base_y = 4 * pow(5, P - 2, P) % P
    base_x = recover_x(base_y, 0)
    a, r = decode_point(public), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], 'little')
    if a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), 'little') % ORDER
    left = multiply(s, (base_x, base_y, 1, base_x * base_y % P))
    right = add(r, multiply(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- signature files ---


def verify(signature_file, payload_type, payload):
    require(len(signature_file) <= MAX_SIGNATURE, 'signature file too large')
    fields = json.loads(signature_file)
    require(isinstance(fields, dict) and set(fields) == {'payloadType', 'keyid', 'publicKey', 'sig'}, 'signature file: fields')
    require(fields['payloadType'] == payload_type, 'signature file: payload type')
    public = base64.b64decode(fields['publicKey'], validate=True)
    signature = base64.b64decode(fields['sig'], validate=True)
    require(len(public) == 32 and len(signature) == 64, 'signature file: lengths')
    require(hashlib.sha256(public).hexdigest() == fields['keyid'], 'signature file: keyid')
    kind = payload_type.encode()
    message = b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(payload), payload)
    require(ed25519_verify(public, message, signature), 'signature does not verify')
    return fields['keyid']


# --- tar ---


def padding(size):
    return -size % 512


def tar_header(name, size):
    header = bytearray(512)

    def put(offset, data):
        header[offset : offset + len(data)] = data

    put(0, name.encode())
    put(100, b'0000644\0')
    put(108, b'0000000\0')
    put(116, b'0000000\0')
    put(124, b'%011o\0' % size if size < 8**11 else b'\x80\0\0\0' + size.to_bytes(8, 'big'))
    put(136, b'00000000000\0')
    put(148, b' ' * 8)
    put(156, b'0')
    put(257, b'ustar\x0000')
    put(148, b'%06o\0 ' % sum(header))
    return bytes(header)


def read_exactly(file, size, what):
    data = file.read(size)
    require(len(data) == size, '%s: the file ends too early' % what)
    return data


def read_head_member(file, name, limit):
    header = read_exactly(file, 512, name)
    field = header[124:136]
    size = int.from_bytes(field[4:], 'big') if field[0] == 0x80 else int(field[:11], 8)
    require(header == tar_header(name, size), '%s: tar header' % name)
    require(size <= limit, '%s: too large' % name)
    data = read_exactly(file, size, name)
    require(not any(read_exactly(file, padding(size), name)), '%s: padding' % name)
    return data


# --- members ---


def decode(encoded, encoding, plain_size):
    if encoding == 'plain':
        return encoded
    done = subprocess.run(['zstd', '-d', '-q', '-c', '--memory=8MB'], input=encoded, stdout=subprocess.PIPE, check=False)
    require(done.returncode == 0 and len(done.stdout) == plain_size, 'a frame does not decode')
    return done.stdout


def read_blocks(file, member, name, head_size):
    """The plain bytes of a member, block by block; every block is checked before it is decoded."""
    require(member['encoding'] in ('plain', 'zstd'), '%s: unknown encoding' % name)
    require(member['offset'] == file.tell() - head_size + 512, '%s: not where the index says' % name)
    require(read_exactly(file, 512, name) == tar_header(name, member['encodedSize']), '%s: tar header' % name)
    require(len(member['blocks']) == -(-member['size'] // BLOCK), '%s: number of blocks' % name)
    require(sum(size for size, _ in member['blocks']) == member['encodedSize'], '%s: sizes of blocks' % name)
    for number, (size, sha256) in enumerate(member['blocks']):
        start = file.tell()
        encoded = read_exactly(file, size, name)
        require(hashlib.sha256(encoded).hexdigest() == sha256, '%s: block %d, bytes %d to %d' % (name, number, start, start + size - 1))
        yield decode(encoded, member['encoding'], min(BLOCK, member['size'] - number * BLOCK))
    require(not any(read_exactly(file, padding(member['encodedSize']), name)), '%s: padding' % name)


# --- trust roots ---

STATES = ('active', 'retired', 'revoked')


def read_root(document):
    root = json.loads(document)
    order = ['format', 'formatVersion', 'number', 'previous', 'name', 'createdAt', 'expires', 'threshold', 'keys']
    require(list(root) == [field for field in order if field in root], 'root: fields')
    require(root['format'] == 'sealift-root' and root['formatVersion'] == 1, 'root: format')
    require(json.dumps(root, ensure_ascii=False, separators=(',', ':')).encode() == document, 'root: not in the one way to write it')
    keys = {}
    for key in root['keys']:
        require(list(key) == ['publicKey', 'roles', 'state'] and key['state'] in STATES, 'root: key')
        require(key['roles'] in (['release'], ['root'], ['release', 'root']), 'root: roles')
        public = base64.b64decode(key['publicKey'], validate=True)
        require(len(public) == 32, 'root: public key')
        keys[hashlib.sha256(public).hexdigest()] = key
    require(list(keys) == sorted(keys) and len(keys) == len(root['keys']) > 0, 'root: order of keys')
    return root, keys


def enough(root, keys, signers):
    able = [key for key, fields in keys.items() if fields['state'] == 'active' and 'root' in fields['roles']]
    return len(signers.intersection(able)) >= root['threshold'] >= 1


def read_chain(chain, blobs):
    """The vendor that a chain of roots is of, and how many there are."""
    require(chain, 'roots: a vendor without any')
    before, known = None, {}
    for number, listed in enumerate(chain, 1):
        document = blobs[listed['digest']]
        root, keys = read_root(document)
        signers = {verify(blobs[digest], 'application/vnd.sealift.root.v1+json', document) for digest in listed['signatures']}
        require(root['number'] == number, 'root: number')
        require(root.get('previous') == (chain[number - 2]['digest'] if number > 1 else None), 'root: previous')
        require(enough(root, keys, signers) and (before is None or enough(before, known, signers)), 'root: signatures')
        require(all(key in known or key in signers for key in keys), 'root: a key came in without its signature')
        for key, fields in known.items():
            require(key in keys and STATES.index(keys[key]['state']) >= STATES.index(fields['state']), 'root: a key left or came back')
        before, known = root, keys
    return {'vendor': chain[0]['digest'], 'number': len(chain)}


def read_bundle(path):
    with open(path, 'rb') as file:
        index_bytes = read_head_member(file, 'sealift.json', MAX_INDEX)
        signature = read_head_member(file, 'sealift.sig.json', MAX_SIGNATURE)
        head_size = file.tell()
        signer = verify(signature, 'application/vnd.sealift.bundle-index.v1+json', index_bytes) if signature else None
        index = json.loads(index_bytes)
        require(index['format'] == 'sealift-bundle' and index['version'] == 1, 'format or version')
        features = index.get('features', [])
        require(all(feature in ('platforms',) for feature in features), 'features')
        require('platforms' in features or not any('platforms' in release for release in index['releases']), 'platforms')
        required = [blob['digest'] for blob in index.get('requires', [])]
        sizes, kept = {}, {}
        chains = index.get('roots', [])
        wanted = {release[field] for release in index['releases'] for field in ('digest', 'signature')}
        wanted |= {digest for chain in chains for root in chain for digest in [root['digest'], *root['signatures']]}

        def found(digest, size, sha256, data):
            require(digest == 'sha256:' + sha256, '%s: other content' % digest)
            require(digest not in sizes and digest not in required, '%s: twice' % digest)
            sizes[digest] = size
            if digest in wanted:
                kept[digest] = data

        for number, pack in enumerate(index['packs']):
            plain = b''.join(read_blocks(file, pack, 'packs/%d' % number, head_size))
            at = 0
            for content in pack['contents']:
                data = plain[at : at + content['size']]
                at += content['size']
                found(content['digest'], content['size'], hashlib.sha256(data).hexdigest(), data)
            require(at == len(plain), 'packs/%d: contents do not fill it' % number)
        for entry in index['entries']:
            sha256 = hashlib.sha256()
            data = b''
            for plain in read_blocks(file, entry, 'blobs/sha256/' + entry['digest'][7:], head_size):
                sha256.update(plain)
                if entry['digest'] in wanted:
                    data += plain
            found(entry['digest'], entry['size'], sha256.hexdigest(), data)
        require(read_exactly(file, 1024, 'end') == bytes(1024) and file.read(1) == b'', 'end of the archive')
        releases = []
        for release in index['releases']:
            document = kept[release['digest']]
            require(len(document) == release['documentSize'], 'size of a release document')
            publisher = verify(kept[release['signature']], 'application/vnd.sealift.release.v1+json', document)
            releases.append({'application': release['application'], 'version': release['version'], 'publisher': publisher})
        vendors = [read_chain(chain, kept) for chain in chains]
        base = ['%s %s' % (release['application'], release['version']) for release in index.get('base', [])]
        return {'signer': signer, 'releases': releases, 'blobs': sizes, 'base': base, 'requires': required, 'vendors': vendors}


if __name__ == '__main__':
    try:
        print(json.dumps(read_bundle(sys.argv[1])))
    except (Refused, ValueError, KeyError, TypeError) as refused:
        sys.exit('refused: %s' % refused)
