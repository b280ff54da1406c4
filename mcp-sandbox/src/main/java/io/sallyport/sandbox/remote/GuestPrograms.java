package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** What machines are told to do, so that it can be told from what code says how it ended. */
final class GuestPrograms {

    /** Linux takes no longer argument. */
    private static final int CHUNK_CHARS = 96 * 1024;

    /** Linux takes 2 MiB of arguments and environment, and the server as much of a request. */
    private static final int MOST_PAYLOAD_CHARS = 1500 * 1024;

    private static final String RUN = resource("run.sh");
    private static final String PYTHON = resource("guest.py");
    private static final String JAVASCRIPT = resource("guest.js");

    private GuestPrograms() {}

    private static String resource(String name) {
        try (InputStream in = GuestPrograms.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether there is more of it than can be passed. */
    static boolean isTooLarge(Execution execution) {
        return payload(execution).length() > MOST_PAYLOAD_CHARS;
    }

    private static String payload(Execution execution) {
        String both = Json.write(List.of(execution.code(), execution.inputs().toJson()));
        return base64(both);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the arguments for {@code sh} to run code in an interpreter of its own. */
    static List<String> command(Execution execution, Duration wallTime, String nonce) {
        int most = execution.limits().outputBytes();
        List<String> arguments = new ArrayList<>(List.of(
                "-c",
                RUN,
                "sh",
                String.format(Locale.ROOT, "%.3f", wallTime.toMillis() / 1000.0),
                // One more, to know of it.
                String.valueOf(most + 1),
                String.valueOf(GuestReply.mostReplyBytes(most)),
                nonce));
        switch (execution.language()) {
            case PYTHON -> {
                arguments.addAll(List.of("python3", "-X", "utf8", "-c", PYTHON + "\nfresh(sys.argv[1:])\n"));
                addPayload(arguments, execution, most);
            }
            case JAVASCRIPT -> {
                arguments.addAll(List.of("node", "-e", JAVASCRIPT + ".fresh()"));
                addPayload(arguments, execution, most);
            }
            case SHELL -> arguments.addAll(List.of("sh", "-c", execution.code()));
        }
        return arguments;
    }

    private static void addPayload(List<String> arguments, Execution execution, int most) {
        arguments.add(String.valueOf(most));
        String payload = payload(execution);
        for (int i = 0; i < payload.length(); i += CHUNK_CHARS) {
            arguments.add(payload.substring(i, Math.min(payload.length(), i + CHUNK_CHARS)));
        }
    }

    /** Returns the line that prepares an interpreter for {@link #call}, and has it say the nonce. */
    static String prepare(Language language, String nonce) {
        return language == Language.PYTHON
                ? "import base64, types; _sallyport = types.ModuleType('_sallyport'); exec(base64.b64decode('"
                        + base64(PYTHON) + "').decode(), _sallyport.__dict__); print('" + nonce + "')"
                : "void eval(Buffer.from('" + base64(JAVASCRIPT + ".open()") + "', 'base64').toString('utf8')); "
                        + "console.log('" + nonce + "')";
    }

    /** Returns the line that runs code in an interpreter in which other code may have run. */
    static String call(Execution execution, String nonce) {
        String arguments = "('" + payload(execution) + "', '" + nonce + "', "
                + execution.limits().outputBytes() + ")";
        return (execution.language() == Language.PYTHON ? "_sallyport.call" : "$sallyport") + arguments;
    }

    /** Returns the line that asks again for what came of {@link #call}, in a language in which code can wait. */
    static String poll(String nonce) {
        return "$sallyport.poll('" + nonce + "')";
    }
}
