package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Workers that nothing is around: scripts of the shell that stand in for interpreters. */
final class PlainWorkers implements Launcher.Enclosure {

    static final Shape SHAPE = Shape.once(Language.PYTHON, Limits.defaults());

    private final Path folder;
    private final String script;

    private PlainWorkers(Path folder, String script) {
        this.folder = folder;
        this.script = script;
    }

    /** @param script run by a shell; what it is asked comes on descriptor 4, and its replies go to 3 */
    static Launcher launcher(Path folder, String script) throws MissingException, IOException {
        Files.writeString(folder.resolve("filter"), "");
        return new Launcher(
                new PlainWorkers(folder, script),
                new Programs(folder, false).find("mkfifo"),
                folder,
                ControlGroups.none());
    }

    @Override
    public List<String> command(Shape shape) {
        return List.of("/bin/sh", "-c", script);
    }

    @Override
    public Path filter(Shape shape) {
        return folder.resolve("filter");
    }
}
