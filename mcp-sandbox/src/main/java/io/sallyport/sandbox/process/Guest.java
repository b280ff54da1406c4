package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * What runs one language in an enclosure: a program of this machine, what it is started with, and which files it needs.
 * Immutable.
 *
 * @param program the interpreter, where it is on this machine
 * @param files what is seen of this machine: where it is to be seen, and where it is
 * @param command starts it; given how much memory it may have
 * @param memoryOption the limit that holds its memory, as {@code prlimit} calls it
 */
record Guest(
        Language language,
        Path program,
        Map<Path, Path> files,
        LongFunction<List<String>> command,
        String memoryOption) {

    /** What the heap of JavaScript has in it before there is code. */
    private static final int OWN_HEAP_MEBIBYTES = 6;

    private static final Path SHELL = Path.of("/bin/sh");
    private static final Path COMMANDS = Path.of("/usr/bin");

    /** What commands are expected to be made of. Those that are not there are not there. */
    private static final String[] TOOLS = """
            awk base64 basename bash bc bzip2 cat chmod cksum cmp comm cp csplit cut date dd df diff dirname du echo env expand
            expr factor false file find fmt fold grep gzip head id join jq ln ls md5sum mkdir mktemp mv nl nproc numfmt od paste
            patch pr printenv printf pwd readlink realpath rev rm rmdir sed seq sha1sum sha256sum sha512sum shuf sleep sort
            split stat strings sum tac tail tar tee test timeout touch tr true truncate tsort uname unexpand uniq wc xargs xxd
            xz yes""".split("\\s+");

    static Guest python(Programs programs, Path python) throws MissingException, InterruptedException {
        Map<Path, Path> files = new LinkedHashMap<>();
        files.put(python, python);
        List<Path> linked = new ArrayList<>(List.of(python));
        for (Path folder : programs.importsOf(python)) {
            // Those below it are seen with it.
            if (files.keySet().stream().noneMatch(folder::startsWith)) {
                files.put(folder, folder);
            }
            if (folder.endsWith("lib-dynload")) {
                linked.addAll(Programs.sharedObjects(folder));
            }
        }
        programs.libraries(linked).forEach(library -> files.put(library, library));
        List<String> command = List.of(python.toString(), "-I", "-S", "-B", "-X", "utf8", "-c", resource("worker.py"));
        // It takes what it is given address space for, and no more.
        return new Guest(Language.PYTHON, python, files, memory -> command, "--as");
    }

    static Guest javaScript(Programs programs, Path node) throws MissingException, InterruptedException {
        Map<Path, Path> files = new LinkedHashMap<>();
        files.put(node, node);
        programs.libraries(List.of(node)).forEach(library -> files.put(library, library));
        String worker = resource("worker.js");
        return new Guest(
                Language.JAVASCRIPT,
                node,
                files,
                memory -> List.of(
                        node.toString(),
                        "--max-old-space-size=" + (OWN_HEAP_MEBIBYTES + memory / (1024 * 1024)),
                        "--no-addons",
                        "--no-deprecation",
                        "-e",
                        worker),
                // It reserves address space that it will never use.
                "--data");
    }

    /** Those of other languages are among its commands. */
    static Guest shell(Programs programs, Collection<Guest> others) throws MissingException, InterruptedException {
        Map<Path, Path> files = new LinkedHashMap<>();
        files.put(SHELL, programs.find("sh"));
        for (String tool : TOOLS) {
            try {
                files.put(COMMANDS.resolve(tool), programs.find(tool));
            } catch (MissingException e) {
                // A shell can do without.
            }
        }
        List<Path> linked = List.copyOf(files.values());
        for (Guest other : others) {
            files.putAll(other.files());
            files.put(COMMANDS.resolve(other.language() == Language.PYTHON ? "python3" : "node"), other.program());
        }
        programs.libraries(linked).forEach(library -> files.put(library, library));
        List<String> command = List.of(SHELL.toString(), "-c", resource("worker.sh"));
        // Some of its commands may be those that reserve what they never use.
        return new Guest(Language.SHELL, SHELL, files, memory -> command, "--data");
    }

    private static String resource(String name) {
        try (InputStream in = Guest.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("this jar has no " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
