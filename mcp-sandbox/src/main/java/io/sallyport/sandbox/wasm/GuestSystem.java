package io.sallyport.sandbox.wasm;

import io.roastedroot.zerofs.Configuration;
import io.roastedroot.zerofs.Feature;
import io.roastedroot.zerofs.ZeroFs;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import run.endive.log.Logger;
import run.endive.runtime.HostFunction;
import run.endive.runtime.Memory;
import run.endive.runtime.WasmFunctionHandle;
import run.endive.wasi.WasiOptions;
import run.endive.wasi.WasiPreview1;
import run.endive.wasm.WasmEngineException;

/**
 * All that an interpreter has of a system: where it says things, random numbers, the time, and files in memory of which no
 * other run knows. There is nothing to be read on standard input, no environment and no socket. Confined to one thread.
 */
final class GuestSystem implements AutoCloseable {

    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Logger SILENT = new Logger() {
        @Override
        public void log(Level level, String message, Throwable thrown) {
            // Code decides what would be logged here, and how often.
        }

        @Override
        public boolean isLoggable(Level level) {
            return false;
        }
    };

    /** A file costs the heap about as much even if it is empty, and so does one that is open. */
    private static final int FILE_BYTES = 512;

    private static final int MOST_OPEN_FILES = 256;
    private static final int CREATE_FLAG = 1;

    /** As Linux has it. The host's libraries take a path apart in objects and loops of their own, which nobody can end. */
    private static final int MOST_PATH_BYTES = 4096;

    /** What is read or written passes through the heap, beside the memory that code may have: so much at once. */
    private static final int MOST_BYTES_AT_ONCE = 2 << 20;

    private static final int MOST_BUFFERS_AT_ONCE = 1024;

    private static final long IO_ERROR = 29;
    private static final long TOO_MANY_OPEN_FILES = 33;
    private static final long NAME_TOO_LONG = 37;
    private static final long NO_SPACE = 51;

    private final Redirected stdout = new Redirected();
    private final Redirected stderr = new Redirected();
    private final FileSystem files;
    private final WasiPreview1 wasi;
    private long nameBytesLeft;
    private int openFiles;

    /**
     * Creates a system.
     *
     * @param fileBytes how many bytes there may be in files; once more as many for their names
     * @param directory the absolute path of the one that there is
     */
    GuestSystem(long fileBytes, String directory) {
        this.nameBytesLeft = fileBytes;
        this.files = ZeroFs.newFileSystem(Configuration.unix().toBuilder()
                .setAttributeViews("unix")
                // No links: a long chain of them takes the host's own loops long to follow.
                .setSupportedFeatures(Feature.FILE_CHANNEL)
                .setWorkingDirectory("/")
                .setBlockSize(4096)
                .setMaxSize(Math.max(1, fileBytes))
                .build());
        WasiOptions.Builder options = WasiOptions.builder()
                .withStdout(stdout)
                .withStderr(stderr)
                .withStdin(InputStream.nullInputStream())
                .withRandom(RANDOM)
                .withThrowOnExit0(true)
                .withDirectory(directory, created(directory));
        this.wasi = WasiPreview1.builder()
                .withLogger(SILENT)
                .withOptions(options.build())
                .build();
    }

    private Path created(String path) {
        try {
            return Files.createDirectories(files.getPath(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Has what is said from now on go elsewhere; nowhere at first. */
    void sayTo(OutputStream stdout, OutputStream stderr) {
        this.stdout.to = stdout;
        this.stderr.to = stderr;
    }

    /** Goes wherever code says things now. */
    private static final class Redirected extends OutputStream {

        private OutputStream to = OutputStream.nullOutputStream();

        @Override
        public void write(int one) throws IOException {
            to.write(one);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            to.write(bytes, offset, length);
        }
    }

    /** Returns a path of this system. */
    Path path(String absolute) {
        return files.getPath(absolute);
    }

    /** Returns what the interpreter can call. */
    HostFunction[] functions() {
        return Arrays.stream(wasi.toHostFunctions())
                .map(function -> new HostFunction(
                        function.module(), function.name(), function.functionType(), bounded(function)))
                .toArray(HostFunction[]::new);
    }

    private WasmFunctionHandle bounded(HostFunction function) {
        WasmFunctionHandle handle = unfailing(shortPaths(function.name(), function.handle()));
        return switch (function.name()) {
            case "path_create_directory" -> named(handle, 2);
            case "path_rename" -> named(handle, 5);
            case "path_open" -> opened(handle, named(handle, 3));
            case "fd_close" -> closed(handle);
            case "fd_read", "fd_pread", "fd_write", "fd_pwrite" -> inParts(handle);
            case "proc_exit" -> function.handle();
            default -> handle;
        };
    }

    /** Has paths that are too long be refused before anybody reads them. */
    private static WasmFunctionHandle shortPaths(String function, WasmFunctionHandle handle) {
        int[] lengthsAt = lengthsOfPaths(function);
        return (instance, args) -> {
            for (int at : lengthsAt) {
                if (Integer.compareUnsigned((int) args[at], MOST_PATH_BYTES) > 0) {
                    return new long[] {NAME_TOO_LONG};
                }
            }
            return handle.apply(instance, args);
        };
    }

    private static int[] lengthsOfPaths(String function) {
        return switch (function) {
            case "path_create_directory", "path_readlink", "path_remove_directory", "path_unlink_file" -> new int[] {2};
            case "path_filestat_get", "path_filestat_set_times", "path_open" -> new int[] {3};
            case "path_link" -> new int[] {3, 6};
            case "path_rename" -> new int[] {2, 5};
            case "path_symlink" -> new int[] {1, 4};
            default -> new int[0];
        };
    }

    /** What the host's libraries stumble over, such as a position beyond all blocks, is an error of the code, not of ours. */
    private static WasmFunctionHandle unfailing(WasmFunctionHandle handle) {
        return (instance, args) -> {
            try {
                return handle.apply(instance, args);
            } catch (WasmEngineException | BoundedOutput.ExceededException ends) {
                throw ends;
            } catch (RuntimeException e) {
                return new long[] {IO_ERROR};
            }
        };
    }

    /** Reads or writes less than it is asked to, if that is much; whoever wants the rest asks again. */
    private static WasmFunctionHandle inParts(WasmFunctionHandle handle) {
        return (instance, args) -> {
            Memory memory = instance.memory();
            long[] fewer = args.clone();
            fewer[2] = Math.max(0, Math.min((int) args[2], MOST_BUFFERS_AT_ONCE));
            int left = MOST_BYTES_AT_ONCE;
            for (int i = 0; i < fewer[2]; i++) {
                int lengthAt = (int) args[1] + 2 * Integer.BYTES * i + Integer.BYTES;
                int length = memory.readInt(lengthAt);
                if (Integer.compareUnsigned(length, left) > 0) {
                    fewer[2] = i + 1L;
                    memory.writeI32(lengthAt, left);
                    try {
                        return handle.apply(instance, fewer);
                    } finally {
                        memory.writeI32(lengthAt, length);
                    }
                }
                left -= length;
            }
            return handle.apply(instance, fewer);
        };
    }

    /** Names are on the heap, beside the blocks of files that the file system counts. They are not given back. */
    private WasmFunctionHandle named(WasmFunctionHandle handle, int lengthAt) {
        return (instance, args) -> {
            long bytes = FILE_BYTES + 2 * (args[lengthAt] & 0xFFFF_FFFFL);
            if (bytes > nameBytesLeft) {
                return new long[] {NO_SPACE};
            }
            nameBytesLeft -= bytes;
            return handle.apply(instance, args);
        };
    }

    private WasmFunctionHandle opened(WasmFunctionHandle existing, WasmFunctionHandle creating) {
        return (instance, args) -> {
            if (openFiles >= MOST_OPEN_FILES) {
                return new long[] {TOO_MANY_OPEN_FILES};
            }
            boolean isCreated = (args[4] & CREATE_FLAG) != 0;
            long[] result = (isCreated ? creating : existing).apply(instance, args);
            if (result[0] == 0) {
                openFiles++;
            }
            return result;
        };
    }

    private WasmFunctionHandle closed(WasmFunctionHandle handle) {
        return (instance, args) -> {
            long[] result = handle.apply(instance, args);
            if (result[0] == 0 && openFiles > 0) {
                openFiles--;
            }
            return result;
        };
    }

    @Override
    public void close() {
        wasi.close();
        try {
            files.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
