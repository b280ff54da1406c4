package io.sallyport.security.vault.tool;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where the program reads, and what it says, and to whom. */
final class Terminal {

    private static final int BAR_CHARS = 30;
    private static final int PERCENT = 100;

    /** Without a terminal there is a line for so much each. */
    private static final int PERCENT_PER_LINE = 10;

    private static final int READS_AT_ONCE = 8192;

    /** Asks for a secret without showing it. */
    interface Prompt {
        char @Nullable [] ask(String prompt);
    }

    private final InputStream in;
    private final OutputStream out;
    private final PrintStream words;
    private final PrintStream errors;
    private final UnaryOperator<@Nullable String> environment;
    private final Optional<Prompt> prompt;

    /**
     * Creates it.
     *
     * @param in not buffered: what is in a buffer of somebody else cannot be erased
     * @param out not buffered, for the same reason
     * @param prompt how people are asked; nothing if there is no terminal
     */
    Terminal(
            InputStream in,
            OutputStream out,
            OutputStream errors,
            UnaryOperator<@Nullable String> environment,
            Optional<Prompt> prompt) {
        this.in = in;
        this.out = out;
        this.words = new PrintStream(out, true, StandardCharsets.UTF_8);
        this.errors = new PrintStream(errors, true, StandardCharsets.UTF_8);
        this.environment = environment;
        this.prompt = prompt;
    }

    void say(String line) {
        words.println(line);
    }

    /** Says an error in one line, whatever is in it. */
    void fail(String message) {
        errors.println("vault: " + message.replaceAll("\\s*[\\p{Cntrl}\u2028\u2029]+\\s*", " "));
    }

    Optional<String> environment(String variable) {
        return Optional.ofNullable(environment.apply(variable));
    }

    /** Gives a secret out as it is; on a terminal a line break follows. */
    void reveal(byte[] value) throws IOException {
        out.write(value);
        if (prompt.isPresent()) {
            out.write('\n');
        }
        out.flush();
    }

    /**
     * Reads a secret, which is the caller's to erase: a line without its end from a terminal, else all there is, without one line
     * break at its end.
     */
    byte[] readSecret(String name, int mostBytes) throws IOException, Failure {
        byte[] read = prompt.isPresent() ? readLine(prompt.get(), name) : readAll(mostBytes);
        if (read.length == 0) {
            throw Failure.usage("no value came on standard input, and nothing was put in; write it there");
        }
        if (read.length > mostBytes) {
            Arrays.fill(read, (byte) 0);
            throw Failure.usage("the value on standard input has more than " + mostBytes
                    + " bytes, which is the most that a secret has; nothing was put in");
        }
        return read;
    }

    private static byte[] readLine(Prompt prompt, String name) {
        char[] line = prompt.ask("value of " + name + ": ");
        if (line == null) {
            return new byte[0];
        }
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(line));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        encoded.rewind();
        encoded.put(new byte[bytes.length]);
        Arrays.fill(line, '\0');
        return bytes;
    }

    private byte[] readAll(int mostBytes) throws IOException {
        // One byte more than may be, and a line break.
        byte[] buffer = new byte[READS_AT_ONCE];
        int length = 0;
        int read;
        do {
            if (length == buffer.length) {
                byte[] larger = Arrays.copyOf(buffer, 2 * length);
                Arrays.fill(buffer, (byte) 0);
                buffer = larger;
            }
            read = in.read(buffer, length, buffer.length - length);
            length += Math.max(read, 0);
        } while (read >= 0 && length < mostBytes + 2 + 1);
        byte[] value = Arrays.copyOf(buffer, withoutLineBreak(buffer, length));
        Arrays.fill(buffer, (byte) 0);
        return value;
    }

    private static int withoutLineBreak(byte[] buffer, int length) {
        if (length == 0 || buffer[length - 1] != '\n') {
            return length;
        }
        return length > 1 && buffer[length - 2] == '\r' ? length - 2 : length - 1;
    }

    /** Begins to say how far something has come: as a bar that moves on a terminal, else in a line now and then. */
    Progress progress(String what) {
        return new Progress(what);
    }

    /** How far something has come. */
    final class Progress {

        private final String what;
        private int shown = -PERCENT;

        private Progress(String what) {
            this.what = what;
        }

        void at(long done, long total) {
            int percent = total == 0 ? PERCENT : (int) (PERCENT * done / total);
            if (prompt.isPresent() ? percent == shown : percent / PERCENT_PER_LINE == shown / PERCENT_PER_LINE) {
                return;
            }
            shown = percent;
            if (prompt.isPresent()) {
                int full = BAR_CHARS * percent / PERCENT;
                words.print("\r" + what + " [" + "#".repeat(full) + " ".repeat(BAR_CHARS - full) + "] " + count(done)
                        + " of " + count(total));
                words.flush();
            } else {
                say(what + ": " + count(done) + " of " + count(total));
            }
        }

        /** Says nothing more. */
        void end() {
            if (prompt.isPresent() && shown >= 0) {
                say("");
            }
        }
    }

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Returns a count with its noun, such as {@code 1 row}. */
    static String count(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }
}
