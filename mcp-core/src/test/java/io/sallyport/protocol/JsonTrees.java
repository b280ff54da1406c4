package io.sallyport.protocol;

import io.sallyport.protocol.JsonTree.Arr;
import io.sallyport.protocol.JsonTree.Num;
import io.sallyport.protocol.JsonTree.Obj;
import io.sallyport.protocol.JsonTree.Str;
import io.sallyport.protocol.JsonTree.Word;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/**
 * Random documents and messages, small ones: faults of parsers show in few bytes. Made from the random numbers
 * themselves, which is a hundred times as fast as combining generators for every character; what is lost is the search
 * for a smaller example, which such documents hardly need.
 */
final class JsonTrees {

    private static final int DEPTH = 4;
    private static final String[] STRUCTURAL = {
        "\"", "\\", "/", "{", "}", "[", "]", ",", ":", "\n", "\r", "\t", "\u0000", "'"
    };
    private static final String[] TREACHEROUS = {
        "A", "K", "\u212A", "\u017F", "\u0130", "\u00e4", "\u2028", "\u0085", "\u007F", "\uFEFF", "\uFFFF"
    };

    private final Random random;

    private JsonTrees(Random random) {
        this.random = random;
    }

    /** Any value. */
    static Arbitrary<JsonTree> values() {
        return Arbitraries.randomValue(random -> new JsonTrees(random).value(DEPTH));
    }

    /** Every form of id that is legal. */
    static Arbitrary<JsonTree> ids() {
        return Arbitraries.randomValue(random -> new JsonTrees(random).id());
    }

    /** Any text, also with half a surrogate pair. */
    static Arbitrary<String> texts() {
        return Arbitraries.randomValue(random -> new JsonTrees(random).text(true));
    }

    /** Requests, notifications, results and errors, their members in any order and others among them. */
    static Arbitrary<Obj> messages() {
        return Arbitraries.randomValue(random -> new JsonTrees(random).message());
    }

    private JsonTree value(int depth) {
        int kind = random.nextInt(depth == 0 ? 7 : 11);
        if (kind < 3) {
            return new Str(text(true));
        } else if (kind < 6) {
            return new Num(number());
        } else if (kind == 6) {
            return new Word(oneOf(true, false, null));
        } else if (kind == 7) {
            return new Arr(Stream.generate(() -> value(depth - 1))
                    .limit(random.nextInt(5))
                    .collect(Collectors.toList()));
        }
        return new Obj(members(() -> text(false), depth - 1));
    }

    /** At most twenty members, so that some objects are large enough for the scanner's hash table. */
    private Map<String, JsonTree> members(Supplier<String> names, int depth) {
        Map<String, JsonTree> members = new LinkedHashMap<>();
        boolean large = random.nextInt(10) == 0;
        for (int i = large ? 10 + random.nextInt(10) : random.nextInt(5); i > 0; i--) {
            members.put(names.get(), value(large ? 0 : depth));
        }
        return members;
    }

    private String text(boolean halfPairsToo) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(9); i > 0; i--) {
            int kind = random.nextInt(15);
            if (kind < 7) {
                text.append((char) ('a' + random.nextInt(4)));
            } else if (kind < 9) {
                text.append((char) (' ' + random.nextInt('~' - ' ' + 1)));
            } else if (kind < 11) {
                text.append(oneOf(STRUCTURAL));
            } else if (kind == 11) {
                text.append(oneOf(TREACHEROUS));
            } else if (kind == 12) {
                text.append((char) (0x80 + random.nextInt(0xD800 - 0x80)));
            } else if (kind == 13) {
                text.appendCodePoint(0x10000 + random.nextInt(0x100000));
            } else if (halfPairsToo) {
                text.append((char) (0xD800 + random.nextInt(0x800)));
            }
        }
        return text.toString();
    }

    private String number() {
        StringBuilder number = new StringBuilder(oneOf("", "-"));
        String digits = digits(random.nextInt(21)).replaceFirst("^0+", "");
        number.append(digits.isEmpty() ? "0" : digits);
        if (random.nextInt(4) == 0) {
            number.append('.').append(digits(1 + random.nextInt(6)));
        }
        if (random.nextInt(4) == 0) {
            number.append(oneOf("e", "E", "e+", "E+", "e-", "E-")).append(random.nextInt(400));
        }
        return number.toString();
    }

    private String digits(int count) {
        return random.ints(count, 0, 10).mapToObj(String::valueOf).collect(Collectors.joining());
    }

    private JsonTree id() {
        return random.nextBoolean() ? new Num(number()) : new Str(text(true));
    }

    private Obj message() {
        Map<String, JsonTree> message = part();
        message.put("jsonrpc", new Str("2.0"));
        switch (random.nextInt(4)) {
            case 0 -> {
                message.put("id", id());
                call(message, true);
            }
            case 1 -> call(message, random.nextBoolean());
            case 2 -> {
                message.put("id", id());
                message.put("result", shuffled(withMeta(part())));
            }
            default -> {
                message.put("id", oneOf(id(), new Word(null)));
                Map<String, JsonTree> error = part();
                error.put("code", new Num(Integer.toString(random.nextInt())));
                error.put("message", new Str(text(true)));
                message.put("error", shuffled(error));
            }
        }
        return shuffled(message);
    }

    private void call(Map<String, JsonTree> message, boolean hasParams) {
        message.put("method", new Str(oneOf("tools/call", "initialize", "m", "\n" + text(true))));
        if (hasParams) {
            Map<String, JsonTree> params = withMeta(part());
            params.put("name", new Str("tool"));
            message.put("params", shuffled(params));
        }
    }

    private Map<String, JsonTree> withMeta(Map<String, JsonTree> part) {
        if (random.nextInt(3) > 0) {
            part.put("_meta", new Obj(part()));
        }
        return part;
    }

    /** Names that differ in more than their case, and are none that a message is judged by. */
    private Map<String, JsonTree> part() {
        return members(
                () -> "x"
                        + random.ints(random.nextInt(4), 0, 6)
                                .mapToObj(i -> "abc1-\u00e4".substring(i, i + 1))
                                .collect(Collectors.joining()),
                3);
    }

    private Obj shuffled(Map<String, JsonTree> members) {
        List<String> names = new ArrayList<>(members.keySet());
        Collections.shuffle(names, random);
        Map<String, JsonTree> shuffled = new LinkedHashMap<>();
        names.forEach(name -> shuffled.put(name, members.get(name)));
        return new Obj(shuffled);
    }

    @SafeVarargs
    private <T> T oneOf(T... values) {
        return values[random.nextInt(values.length)];
    }
}
