package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Answers as the programs do that machines are told to run, without running anything. It knows a few pieces of code only:
 * {@code say WORD}, {@code value JSON}, {@code hang}, {@code die N}, {@code keep WORD} and {@code kept}.
 */
final class ScriptedEngine implements Engine {

    private static final Pattern CALL =
            Pattern.compile("(?:_sallyport\\.call|\\$sallyport)\\('([^']*)', '([^']*)', (\\d+)\\)");
    private static final Pattern PREPARE = Pattern.compile("(?:print|console\\.log)\\('([a-z2-7]+)'\\)$");

    private final Map<String, String> kept = new ConcurrentHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** What became of a piece of code. */
    private record Said(String stdout, int status, String reply) {}

    @Override
    public Optional<Ended> command(String machine, String command, List<String> arguments, Optional<Duration> timeout)
            throws Exception {
        if (command.equals("true")) {
            return Optional.of(new Ended(0, List.of()));
        }
        if (!command.equals("sh")) {
            return Optional.empty();
        }
        // -c script sh seconds most mostReply nonce program…
        Duration wallTime = Duration.ofMillis((long) (Double.parseDouble(arguments.get(3)) * 1000));
        int most = Integer.parseInt(arguments.get(4));
        String nonce = arguments.get(6);
        List<String> program = arguments.subList(7, arguments.size());
        String code = program.get(0).equals("sh")
                ? program.get(2)
                : code(String.join("", program.subList(program.get(0).equals("node") ? 4 : 6, program.size())));
        Optional<Said> said = run(machine, code, wallTime);
        String head = nonce + " " + said.map(it -> String.valueOf(it.status())).orElse("137")
                + (said.isPresent() ? " intime" : " late");
        byte[] stdout = said.map(Said::stdout).orElse("so far").getBytes(StandardCharsets.UTF_8);
        return Optional.of(new Ended(
                0,
                List.of(
                        new Line("stdout", head),
                        new Line("stdout", "o" + base64(Arrays.copyOf(stdout, Math.min(stdout.length, most)))),
                        new Line("stdout", "e"),
                        new Line("stdout", "r" + base64(said.map(Said::reply).orElse(""))))));
    }

    @Override
    public List<Line> repl(String machine, String language, String code, Optional<Duration> timeout) throws Exception {
        Matcher prepare = PREPARE.matcher(code);
        if (prepare.find()) {
            return List.of(new Line("stdout", prepare.group(1)));
        }
        Matcher call = CALL.matcher(code);
        if (!call.matches()) {
            return List.of(new Line("stderr", "SyntaxError: invalid syntax"));
        }
        Optional<Said> said = run(machine, code(call.group(1)), timeout.orElse(Duration.ofDays(1)));
        if (said.isEmpty()) {
            return List.of(new Line("stderr", "Error: Execution timed out after 1 seconds"));
        }
        String reply = Json.write(List.of(said.get().reply(), said.get().stdout(), ""));
        return List.of(new Line("stdout", ""), new Line("stdout", call.group(2) + base64(reply)));
    }

    private static String code(String payload) throws Exception {
        String json = new String(Base64.getDecoder().decode(payload), StandardCharsets.UTF_8);
        return JsonValue.trusted(json).elements().get(0).asString().orElseThrow();
    }

    /** Empty if it takes too long. */
    private Optional<Said> run(String machine, String code, Duration wallTime) throws InterruptedException {
        List<String> words = new ArrayList<>(List.of(code.split(" ", 2)));
        String rest = words.size() > 1 ? words.get(1) : "";
        switch (words.get(0)) {
            case "say":
                return Optional.of(new Said(rest + "\n", 0, "N"));
            case "value":
                return Optional.of(new Said("", 0, "V" + rest));
            case "die":
                return Optional.of(new Said("", Integer.parseInt(rest), ""));
            case "keep":
                kept.put(machine, rest);
                return Optional.of(new Said("", 0, "N"));
            case "kept":
                return Optional.of(new Said("", 0, "V" + Json.quote(kept.getOrDefault(machine, ""))));
            case "hang":
                closed.await(wallTime.toNanos(), TimeUnit.NANOSECONDS);
                return Optional.empty();
            default:
                throw new IllegalArgumentException(code);
        }
    }

    private static String base64(String text) {
        return base64(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    @Override
    public void stop(String machine) {
        kept.remove(machine);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
