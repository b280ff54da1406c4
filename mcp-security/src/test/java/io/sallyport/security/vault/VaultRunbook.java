package io.sallyport.security.vault;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** What docs/vault.md says is to be done when a key is compromised, as steps that can be carried out. */
final class VaultRunbook {

    private static final Path PAGE = Path.of("../docs/vault.md");
    private static final String CHAPTER = "A key is compromised";

    /** The folder with keys that the page speaks of. */
    static final String KEYS = "/etc/gateway/keys";

    private static final Pattern STEP = Pattern.compile("(?m)^(\\d+)\\. \\*\\*(.+?)[.,:]?\\*\\*");
    private static final Pattern BLOCK = Pattern.compile("```(java|sh)\n(.*?)```", Pattern.DOTALL);
    private static final Pattern GOES_ON = Pattern.compile("go on with \\[[^]]*]\\(#([a-z-]+)\\)");

    /**
     * One thing to do.
     *
     * @param title what it is called on the page
     * @param code what is to be run; nothing if it is a person's to do
     * @param goesOn the heading that it refers to
     */
    record Step(String title, Optional<Code> code, Optional<String> goesOn) {}

    /** Java, or a command. */
    record Code(String language, String text) {}

    /** How the work begins. */
    final Code begin;

    /** The steps by the headings that they are under, as links name them. */
    final Map<String, List<Step>> ways = new LinkedHashMap<>();

    VaultRunbook() {
        String page = read();
        String chapter = page.split("(?m)^## ")[indexOf(page)];
        String[] parts = chapter.split("(?m)^### ");
        this.begin = code(parts[0]).orElseThrow();
        for (int i = 1; i < parts.length; i++) {
            String heading = parts[i].lines().findFirst().orElseThrow();
            ways.put(heading.toLowerCase(Locale.ROOT).replace(' ', '-'), steps(heading, parts[i]));
        }
    }

    private static String read() {
        try {
            return Files.readString(PAGE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int indexOf(String page) {
        String[] chapters = page.split("(?m)^## ");
        for (int i = 1; i < chapters.length; i++) {
            if (chapters[i].startsWith(CHAPTER + "\n")) {
                return i;
            }
        }
        throw new AssertionError(PAGE + " has no chapter \"" + CHAPTER + "\"");
    }

    private static List<Step> steps(String heading, String text) {
        List<Step> steps = new ArrayList<>();
        Matcher step = STEP.matcher(text);
        while (step.find()) {
            if (Integer.parseInt(step.group(1)) != steps.size() + 1) {
                throw new AssertionError("a step of \"" + heading + "\" is numbered " + step.group(1));
            }
            Matcher next = STEP.matcher(text);
            String body = text.substring(step.end(), next.find(step.end()) ? next.start() : text.length());
            Matcher goesOn = GOES_ON.matcher(body);
            steps.add(new Step(
                    step.group(2), code(body), goesOn.find() ? Optional.of(goesOn.group(1)) : Optional.empty()));
        }
        return steps;
    }

    private static Optional<Code> code(String text) {
        Matcher block = BLOCK.matcher(text);
        if (!block.find()) {
            return Optional.empty();
        }
        Code code = new Code(block.group(1), block.group(2));
        if (block.find()) {
            throw new AssertionError("a step with two blocks: " + text);
        }
        return Optional.of(code);
    }

    /**
     * Runs a command.
     *
     * @param keys the folder that stands for the one on the page
     */
    static void command(String text, Path keys) throws Exception {
        Process process = new ProcessBuilder("sh", "-ec", text.replace(KEYS, keys.toString()))
                .inheritIO()
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new AssertionError("this does not run to its end: " + text);
        }
    }

    /**
     * Compiles and runs Java.
     *
     * @param keys the folder that stands for the one on the page
     * @param out where classes may be written
     * @param variables what the code may use by these names, and change
     */
    static void java(String text, Path keys, Path out, Map<String, Object> variables) throws Exception {
        String source = """
                import io.sallyport.security.vault.*;
                import io.sallyport.spi.AuditSink;
                import java.nio.file.Path;
                import java.time.Duration;

                public final class Piece {
                    public Vault vault;
                    public VaultStore store;
                    public AuditSink sink;
                    public SecretValue token;
                    public SecretPolicy policy;

                    public void run() throws Exception {
                %s}}
                """.formatted(text.replace(KEYS, keys.toString()));
        StringWriter said = new StringWriter();
        boolean compiles = ToolProvider.getSystemJavaCompiler()
                .getTask(
                        said,
                        null,
                        null,
                        List.of("-d", out.toString(), "-cp", System.getProperty("java.class.path"), "--release", "17"),
                        null,
                        List.of(new Source(source)))
                .call();
        if (!compiles) {
            throw new AssertionError("this does not compile: " + text + said);
        }
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {out.toUri().toURL()}, VaultRunbook.class.getClassLoader())) {
            Class<?> type = loader.loadClass("Piece");
            Object piece = type.getConstructor().newInstance();
            for (Map.Entry<String, Object> variable : variables.entrySet()) {
                type.getField(variable.getKey()).set(piece, variable.getValue());
            }
            type.getMethod("run").invoke(piece);
            for (String name : List.copyOf(variables.keySet())) {
                variables.put(name, type.getField(name).get(piece));
            }
        }
    }

    private static final class Source extends SimpleJavaFileObject {

        private final String code;

        Source(String code) {
            super(URI.create("string:///Piece.java"), Kind.SOURCE);
            this.code = code;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }
}
