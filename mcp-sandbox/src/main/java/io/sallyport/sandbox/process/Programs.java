package io.sallyport.sandbox.process;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds programs of this machine, and what they need where there is nothing else. Thread-safe. */
final class Programs {

    /** Starts everything that is linked against glibc, and tells what that would load. */
    private static final Path LOADER = Path.of("/lib64/ld-linux-x86-64.so.2");

    private static final String USUAL = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin";

    /** A line of the loader's: a name and a file, or a file alone. */
    private static final Pattern LIBRARY = Pattern.compile("(?m)^\\s+(?:\\S+ => )?(/\\S+) \\(0x");

    private static final int MOST_OUTPUT_BYTES = 1024 * 1024;
    private static final long PATIENCE_SECONDS = 20;

    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private final Path scratch;
    private final String path;
    private final boolean areForEverybody;

    /**
     * Looks where this machine has its programs.
     *
     * @param scratch a folder of our own, in which output may lie for a moment
     * @param areForEverybody whether only those are looked for that somebody else than we can run, too: not what is in a home
     */
    Programs(Path scratch, boolean areForEverybody) {
        this(
                scratch,
                Optional.ofNullable(System.getenv("PATH")).orElse("") + File.pathSeparator + USUAL,
                areForEverybody);
    }

    Programs(Path scratch, String path, boolean areForEverybody) {
        this.scratch = scratch;
        this.path = path;
        this.areForEverybody = areForEverybody;
    }

    /**
     * Returns the file of a program. Scripts do not count: what is called python is often one that looks for another.
     *
     * @throws MissingException if there is none
     */
    Path find(String... names) throws MissingException {
        for (String name : names) {
            for (String folder : path.split(File.pathSeparator)) {
                Path file = Path.of(folder, name);
                if (!folder.isEmpty()
                        && file.isAbsolute()
                        && isProgram(file)
                        && (!areForEverybody || isForEverybody(real(file)))) {
                    return real(file);
                }
            }
        }
        throw new MissingException("there is no program " + String.join(" or ", names)
                + (areForEverybody ? " that everybody may run" : ""));
    }

    private static boolean isForEverybody(Path file) throws MissingException {
        try {
            if (!Files.getPosixFilePermissions(file)
                    .containsAll(Set.of(PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_EXECUTE))) {
                return false;
            }
            for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
                if (!Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw new MissingException(file + " cannot be looked at", e);
        }
    }

    /**
     * Returns the file behind a path that somebody has set.
     *
     * @throws MissingException if it is no program
     */
    Path checked(Path file) throws MissingException {
        if (!isProgram(file)) {
            throw new MissingException(file + " is no program, or a script, which does not say what it needs");
        }
        return real(file);
    }

    private static Path real(Path file) throws MissingException {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            throw new MissingException(file + " cannot be read", e);
        }
    }

    private static boolean isProgram(Path file) {
        if (!Files.isRegularFile(file) || !Files.isExecutable(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return java.util.Arrays.equals(in.readNBytes(ELF.length), ELF);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Returns the libraries that programs and other libraries load, and the loader.
     *
     * @throws MissingException if there is no loader of the kind that we know
     */
    Set<Path> libraries(List<Path> files) throws MissingException, InterruptedException {
        if (!Files.isExecutable(LOADER)) {
            throw new MissingException(
                    "there is no " + LOADER + ": programs of this machine are not linked against glibc");
        }
        List<String> command = new ArrayList<>(
                List.of("/bin/sh", "-c", "for file; do " + LOADER + " --list \"$file\" 2>/dev/null; done; :", "sh"));
        files.forEach(file -> command.add(file.toString()));
        Set<Path> libraries = new LinkedHashSet<>();
        libraries.add(LOADER);
        Matcher matcher = LIBRARY.matcher(output(command));
        while (matcher.find()) {
            libraries.add(Path.of(matcher.group(1)));
        }
        return libraries;
    }

    /** Returns the folders that a Python imports from. */
    List<Path> importsOf(Path python) throws MissingException, InterruptedException {
        String code = "import os, sys; print('\\n'.join(p for p in sys.path if os.path.exists(p)))";
        return output(List.of(python.toString(), "-I", "-S", "-c", code))
                .lines()
                .map(Path::of)
                .toList();
    }

    /** Returns the libraries in a folder. */
    static List<Path> sharedObjects(Path folder) throws MissingException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".so"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new MissingException(folder + " cannot be read", e);
        }
    }

    /**
     * Runs a program of this machine that is to end soon, and returns what it has said.
     *
     * @throws MissingException if it does not end well
     */
    String output(List<String> command) throws MissingException, InterruptedException {
        Path said = null;
        try {
            // A file: nobody has to wait for a program that says nothing and does not end.
            said = Files.createTempFile(scratch, "said", "");
            Process process = Daemons.start(new ProcessBuilder(command)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(said.toFile())
                    .redirectErrorStream(true));
            try {
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new MissingException(command.get(0) + " does not end");
                }
            } finally {
                process.destroyForcibly();
            }
            String text = text(said);
            if (process.exitValue() != 0) {
                throw new MissingException(command.get(0) + " fails: " + text.strip());
            }
            return text;
        } catch (IOException e) {
            throw new MissingException(command.get(0) + " cannot be started", e);
        } finally {
            delete(said);
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST_OUTPUT_BYTES), StandardCharsets.UTF_8);
        }
    }

    private static void delete(@org.jspecify.annotations.Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // It goes with its folder.
        }
    }
}
