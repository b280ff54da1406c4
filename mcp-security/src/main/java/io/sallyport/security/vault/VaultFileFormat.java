package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The file of a vault, byte by byte. Numbers are big-endian; {@code text} is a length of 4 bytes and so many bytes of UTF-8;
 * {@code bytes} is a length of 4 bytes and so many bytes; {@code time} is 8 bytes of seconds since 1970 and 4 bytes of
 * nanoseconds.
 *
 * <pre>{@code
 * at 0    8  "SPVAULT\n"
 *    8    1  the version of the format, 1
 *    9    8  the generation: 1 in the first file, and one more in each that follows
 *   17    8  a random number, which tells two files of the same generation from each other
 *   25    8  the newest version that a ring has had
 *   33    8  the newest version that a row has had
 *   41    4  how many rings follow, in the order of their tenants:
 *            text tenant, 8 version, 4 how many keys follow, in the order in which they were made:
 *                 8 id, 1 state, bytes wrapped, text kek, time created
 *         4  how many rows follow, in the order of their names:
 *            text tenant, text namespace, text name, 8 version, 8 key id, bytes sealed, time written
 * at end 32  SHA-256 of all before
 * }</pre>
 *
 * <p>A state is 1 distributed, 2 primary, 3 decrypt-only, 4 disabled, 5 destroyed.
 */
final class VaultFileFormat {

    static final int VERSION = 1;

    /** Up to and with the random number. */
    static final int HEADER_BYTES = 25;

    static final int MOST_BYTES = 64 * 1024 * 1024;

    /** A sealed value of 1 MiB, and what an envelope may put around it. */
    static final int MOST_SEALED_BYTES = 1024 * 1024 + 64 * 1024;

    /** As much as {@link KekProvider#wrap} may return. */
    static final int MOST_WRAPPED_BYTES = 4096;

    /** Of a tenant, a namespace, a name, a key-encryption key's name. */
    static final int MOST_TEXT_BYTES = 64 * 1024;

    private static final byte[] MAGIC = {'S', 'P', 'V', 'A', 'U', 'L', 'T', '\n'};

    /** Which file it is. */
    record Identity(long generation, long random) {}

    /** A file and what was in it. Nobody changes the contents. */
    record Generation(Identity identity, VaultContents contents) {}

    private VaultFileFormat() {}

    /** Returns a whole file. */
    static byte[] encode(Identity identity, VaultContents contents) {
        FieldWriter out = new FieldWriter(MOST_BYTES - Checksum.BYTES);
        out.raw(MAGIC);
        out.number1(VERSION);
        out.number8(identity.generation());
        out.number8(identity.random());
        out.number8(contents.newestRing());
        out.number8(contents.newestVersion());
        out.number4(contents.allRings().size());
        for (Map.Entry<String, Ring> entry : contents.allRings().entrySet()) {
            out.text("a tenant", entry.getKey(), MOST_TEXT_BYTES);
            encode(out, entry.getValue());
        }
        out.number4(contents.allRows().size());
        for (Row row : contents.allRows()) {
            encode(out, row);
        }
        return Checksum.append(out.toBytes());
    }

    private static void encode(FieldWriter out, Ring ring) {
        out.number8(ring.version());
        out.number4(ring.keys().size());
        for (WrappedKey key : ring.keys()) {
            out.number8(key.id());
            out.number1(code(key.state()));
            out.bytes("a wrapped key", key.wrapped(), MOST_WRAPPED_BYTES);
            out.text("a key-encryption key's name", key.kek(), MOST_TEXT_BYTES);
            out.time(key.created());
        }
    }

    private static void encode(FieldWriter out, Row row) {
        out.text("a tenant", row.id().tenant(), MOST_TEXT_BYTES);
        out.text("a namespace", row.id().namespace(), MOST_TEXT_BYTES);
        out.text("a name", row.id().name(), MOST_TEXT_BYTES);
        out.number8(row.version());
        out.number8(row.keyId());
        out.bytes("a sealed value", row.sealed(), MOST_SEALED_BYTES);
        out.time(row.written());
    }

    // Not its ordinal: who orders them anew must not change what is on disk.
    private static int code(KeyState state) {
        return switch (state) {
            case DISTRIBUTED -> 1;
            case PRIMARY -> 2;
            case DECRYPT_ONLY -> 3;
            case DISABLED -> 4;
            case DESTROYED -> 5;
        };
    }

    private static KeyState state(int code) throws UnusableFileException {
        for (KeyState state : KeyState.values()) {
            if (code(state) == code) {
                return state;
            }
        }
        throw UnusableFileException.damaged("there is no key state " + code);
    }

    /** Returns which file it is that begins like this. */
    static Identity identity(byte[] file) throws UnusableFileException {
        if (file.length < HEADER_BYTES) {
            throw UnusableFileException.damaged("it has " + file.length + " bytes, fewer than its header has");
        }
        ByteBuffer header = ByteBuffer.wrap(file);
        byte[] magic = new byte[MAGIC.length];
        header.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw UnusableFileException.damaged("it does not begin as the file of a vault does");
        }
        int version = header.get() & 0xff;
        if (version != VERSION) {
            throw UnusableFileException.ofUnknownVersion(version, VERSION);
        }
        return new Identity(header.getLong(), header.getLong());
    }

    /** Reads a whole file, and believes nothing before its checksum is right. */
    static Generation decode(byte[] file) throws UnusableFileException {
        Identity identity = identity(file);
        Checksum.check(file);
        FieldReader in =
                new FieldReader(ByteBuffer.wrap(file, HEADER_BYTES, file.length - HEADER_BYTES - Checksum.BYTES));
        try {
            VaultContents contents = new VaultContents(in.number8(), in.number8());
            for (int rings = in.count(); rings > 0; rings--) {
                contents.restore(in.text(MOST_TEXT_BYTES), ring(in));
            }
            for (int rows = in.count(); rows > 0; rows--) {
                contents.restore(row(in));
            }
            in.end();
            return new Generation(identity, contents);
        } catch (BufferUnderflowException e) {
            throw UnusableFileException.damaged("it ends in the midst of its contents");
        } catch (DateTimeException e) {
            throw UnusableFileException.damaged("a time in it is none");
        }
    }

    private static Ring ring(FieldReader in) throws UnusableFileException {
        long version = in.number8();
        List<WrappedKey> keys = new ArrayList<>();
        for (int left = in.count(); left > 0; left--) {
            keys.add(new WrappedKey(
                    in.number8(),
                    state(in.number1()),
                    in.bytes(MOST_WRAPPED_BYTES),
                    in.text(MOST_TEXT_BYTES),
                    in.time()));
        }
        return new Ring(version, keys);
    }

    private static Row row(FieldReader in) throws UnusableFileException {
        RowId id = new RowId(in.text(MOST_TEXT_BYTES), in.text(MOST_TEXT_BYTES), in.text(MOST_TEXT_BYTES));
        return new Row(id, in.number8(), in.number8(), in.bytes(MOST_SEALED_BYTES), in.time());
    }
}
