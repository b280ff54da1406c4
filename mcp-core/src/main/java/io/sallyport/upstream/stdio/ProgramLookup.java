package io.sallyport.upstream.stdio;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the file that a command would run.
 *
 * <p>Java itself looks on the <em>gateway's</em> {@code PATH}, which is not the one that the child gets, and reports
 * what it did not find as {@code error=2}. We look first, on the right path, and say what to do.
 */
final class ProgramLookup {

    /** Either a program or the problem that there is with it. */
    record Result(Optional<Path> program, Optional<String> problem) {
        private static Result found(Path program) {
            return new Result(Optional.of(program), Optional.empty());
        }

        private static Result problem(String text) {
            return new Result(Optional.empty(), Optional.of(text));
        }
    }

    private ProgramLookup() {}

    static Result find(String executable, @Nullable String searchPath, @Nullable Path directory) {
        if (directory != null && !Files.isDirectory(directory)) {
            return Result.problem("the working directory " + directory + " of command `" + executable + "` "
                    + (Files.exists(directory) ? "is no directory" : "does not exist")
                    + "; create it or correct the path");
        }
        try {
            return isPath(executable)
                    ? byPath(executable, directory == null ? Path.of("") : directory)
                    : bySearch(executable, searchPath);
        } catch (InvalidPathException e) {
            return Result.problem("command `" + TerminalText.clean(executable) + "` is no path on this system: "
                    + e.getReason() + "; correct it");
        }
    }

    private static boolean isPath(String executable) {
        return executable.indexOf('/') >= 0 || executable.indexOf(File.separatorChar) >= 0;
    }

    private static Result byPath(String executable, Path directory) {
        Path program = directory.resolve(executable).toAbsolutePath().normalize();
        if (!Files.exists(program)) {
            return Result.problem("command " + program + " does not exist; install it or correct the path"
                    + hintAtSeveralWords(executable));
        }
        return checked(program);
    }

    private static Result bySearch(String executable, @Nullable String searchPath) {
        if (searchPath == null) {
            return Result.problem("command `" + executable + "` cannot be looked up, because the child gets no PATH;"
                    + " list PATH in its environment or use an absolute path");
        }
        Path unfit = null;
        for (String entry : searchPath.split(File.pathSeparator)) {
            Path folder = Path.of(entry);
            // An empty or relative entry means the working directory: whoever can write there would choose the program.
            if (!folder.isAbsolute()) {
                continue;
            }
            Path candidate = folder.resolve(executable);
            if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
                return Result.found(candidate);
            }
            if (unfit == null && Files.exists(candidate)) {
                unfit = candidate;
            }
        }
        return unfit == null
                ? Result.problem("command `" + executable + "` not found on PATH=" + searchPath
                        + "; install it or use an absolute path" + hintAtSeveralWords(executable))
                : checked(unfit);
    }

    private static Result checked(Path program) {
        if (Files.isDirectory(program)) {
            return Result.problem("command " + program + " is a directory; name the program inside it");
        }
        if (!Files.isExecutable(program)) {
            return Result.problem("command " + program + " is not executable by the gateway's user;"
                    + " allow it (chmod +x) or start it through its interpreter");
        }
        return Result.found(program);
    }

    /** A whole command line where the program belongs is the most common slip. */
    private static String hintAtSeveralWords(String executable) {
        String trimmed = executable.strip();
        int space = trimmed.indexOf(' ');
        return space < 0
                ? ""
                : " (a command is one word and no shell splits it: if `" + trimmed.substring(0, space)
                        + "` is the program, give the rest as arguments)";
    }
}
