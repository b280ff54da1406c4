package io.sallyport.examples.gateway;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds out which process listens on a port, where the system tells: on Linux, through {@code /proc}. */
final class PortHolder {

    private static final String LISTENING = "0A";
    private static final int LONGEST_COMMAND = 200;

    private record Socket(String inode, String user) {}

    private PortHolder() {}

    /** Returns the holder in words for an operator; nothing where that cannot be told. */
    static Optional<String> of(int port) {
        return of(port, Path.of("/proc"));
    }

    static Optional<String> of(int port, Path proc) {
        return listener(port, proc)
                .map(socket -> processOf(socket, proc)
                        .orElse("a process of the user with id " + socket.user() + ", whom this one may not look at"));
    }

    private static Optional<Socket> listener(int port, Path proc) {
        String ending = String.format(Locale.ROOT, ":%04X", port);
        for (String table : List.of("net/tcp", "net/tcp6")) {
            for (String line : lines(proc.resolve(table))) {
                // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
                String[] fields = line.strip().split("\\s+");
                if (fields.length > 9 && fields[1].endsWith(ending) && fields[3].equals(LISTENING)) {
                    return Optional.of(new Socket(fields[9], fields[7]));
                }
            }
        }
        return Optional.empty();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException noLinux) {
            return List.of();
        }
    }

    private static Optional<String> processOf(Socket socket, Path proc) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                if (holds(process, "socket:[" + socket.inode() + "]")) {
                    return Optional.of("process " + process.getFileName() + command(process));
                }
            }
        } catch (IOException e) {
            // Then nobody is named.
        }
        return Optional.empty();
    }

    private static boolean holds(Path process, String socket) {
        try (DirectoryStream<Path> open = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : open) {
                if (Files.readSymbolicLink(descriptor).toString().equals(socket)) {
                    return true;
                }
            }
        } catch (IOException endedOrForeign) {
            // Processes end while we look, and those of others do not let us.
        }
        return false;
    }

    private static String command(Path process) {
        try {
            String words = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ')
                    .replaceAll("[^\\x20-\\x7E]", "?")
                    .strip();
            String shown = words.length() > LONGEST_COMMAND ? words.substring(0, LONGEST_COMMAND) + "…" : words;
            return shown.isEmpty() ? "" : " (" + shown + ")";
        } catch (IOException ended) {
            return "";
        }
    }
}
