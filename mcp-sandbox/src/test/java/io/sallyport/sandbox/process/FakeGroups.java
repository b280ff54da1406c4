package io.sallyport.sandbox.process;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** A folder that does what the kernel's tree of control groups does, and that nobody need be root for. */
final class FakeGroups implements ControlGroup.Tree {

    private static final List<String> FILES = List.of(
            "cgroup.procs",
            "memory.limit_in_bytes",
            "memory.memsw.limit_in_bytes",
            "memory.max",
            "memory.swap.max",
            "pids.max");

    boolean isReadOnly;
    boolean hasSwap = true;

    /** What happens when somebody finds a group busy. */
    Runnable onBusy = () -> {};

    @Override
    public void create(Path group) throws IOException {
        if (isReadOnly) {
            throw new AccessDeniedException(group.toString());
        }
        Files.createDirectory(group);
        for (String file : FILES) {
            if (hasSwap || !file.contains("sw")) {
                Files.createFile(group.resolve(file));
            }
        }
    }

    @Override
    public void remove(Path group) throws IOException {
        if (!Files.exists(group)) {
            throw new NoSuchFileException(group.toString());
        }
        if (Files.size(group.resolve("cgroup.procs")) > 0) {
            onBusy.run();
            throw new FileSystemException(group.toString(), null, "Device or resource busy");
        }
        try (var files = Files.list(group)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(group);
    }

    @Override
    public boolean isDelegated(Path group) {
        return Files.exists(group.resolve("delegated"));
    }
}
