package io.sallyport.security.vault;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys in the files of a folder. One of them wraps, for as long as this lives; all unwrap. When a key is asked for that is not
 * known, the folder is read again, so that a node that was started before a key was made unwraps what others have wrapped by
 * it. What was once read stays, until the process ends. Thread-safe.
 */
final class KeyFolder implements KekProvider {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final int MOST_FILES = 100;

    private final Primitives primitives;
    private final Path folder;
    private final LocalKek current;
    private final Map<String, LocalKek> known = new ConcurrentHashMap<>();

    /**
     * Reads all files whose names do not begin with a dot.
     *
     * @param current the name of the file with the key that wraps
     */
    KeyFolder(Primitives primitives, Path folder, String current) throws KekUnavailableException {
        this.primitives = primitives;
        this.folder = folder;
        this.current = read(primitives, folder.resolve(current));
        known.put(this.current.current(), this.current);
        for (Path file : files()) {
            LocalKek key = read(primitives, file);
            known.putIfAbsent(key.current(), key);
        }
    }

    private List<Path> files() throws KekUnavailableException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream =
                Files.newDirectoryStream(folder, file -> !name(file).startsWith("."))) {
            for (Path file : stream) {
                if (files.size() == MOST_FILES) {
                    throw new KekUnavailableException("there are more than " + MOST_FILES + " files in " + folder
                            + "; take out of it what holds no key, and keys by which nothing is wrapped any more");
                }
                files.add(file);
            }
        } catch (IOException e) {
            throw new KekUnavailableException(folder + " cannot be looked through: " + e, e);
        }
        return files;
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    /** Returns the key in one file. */
    static LocalKek read(Primitives primitives, Path file) throws KekUnavailableException {
        byte[] text = KeyFile.read(file, KeyText.MOST_BYTES);
        byte[] key = new byte[0];
        try {
            key = KeyText.read(text, true, file.toString());
            return new LocalKek(primitives, List.of(key));
        } finally {
            Arrays.fill(text, (byte) 0);
            Arrays.fill(key, (byte) 0);
        }
    }

    @Override
    public String current() {
        return current.current();
    }

    @Override
    public Wrapped wrap(byte[] dataKey, byte[] context) {
        return current.wrap(dataKey, context);
    }

    @Override
    public Optional<byte[]> unwrap(String kek, byte[] wrapped, byte[] context) throws KekUnavailableException {
        LocalKek key = known.get(kek);
        if (key == null) {
            readAgain();
            key = known.get(kek);
        }
        if (key == null) {
            throw new KekUnavailableException("there is no key-encryption key " + kek + " in the files of " + folder
                    + ", but " + known.keySet() + "; put the file with it back");
        }
        return key.unwrap(kek, wrapped, context);
    }

    private void readAgain() throws KekUnavailableException {
        for (Path file : files()) {
            try {
                LocalKek key = read(primitives, file);
                known.putIfAbsent(key.current(), key);
            } catch (KekUnavailableException e) {
                // Somebody may be writing it just now; the other keys are as good as before.
                LOGGER.atWarn()
                        .addKeyValue("file", file)
                        .addKeyValue("error", e.getMessage())
                        .log("a file in the folder of key-encryption keys is none");
            }
        }
    }
}
