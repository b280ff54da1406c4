package io.sallyport.session.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** What the server does in one step, each by a script of that name beside this class. */
enum Operation {
    CREATE,
    FIND,
    UPDATE,
    END,
    SWEEP,
    LIST,
    SIZE,
    OPEN,
    TAKE,
    APPEND,
    READ,
    STREAMS,
    FORGET,
    BEAT,
    LEAVE,
    NODES,
    POST,
    COLLECT;

    /** The server's own clock; tests have another that they can move. */
    static final String SERVER_CLOCK = """
            local function clock()
              local time = redis.call('TIME')
              return time[1] * 1000000 + time[2]
            end
            """;

    /**
     * A script.
     *
     * @param text the whole of it
     * @param digest what the server knows it by, once it has seen it
     */
    record Script(String text, String digest) {}

    /** Returns the script of this operation by a clock. */
    Script script(String clock) {
        String text = clock + resource("common") + resource(name().toLowerCase(Locale.ROOT));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return new Script(text, HexFormat.of().formatHex(digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = Operation.class.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IllegalStateException("the script " + name + ".lua is not beside its class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
