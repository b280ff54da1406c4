package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that a sandbox has started, and the folder that it has made. Thread-safe. */
final class Engine implements Closeable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** What memory an engine takes for itself once there is code, beside what code has. */
    private static final Map<Language, Long> MORE_BYTES = Map.of(
            Language.PYTHON, 8L * 1024 * 1024,
            Language.JAVASCRIPT, 48L * 1024 * 1024,
            // Of every command; nobody knows which.
            Language.SHELL, 64L * 1024 * 1024);

    private final WorkFolder folder;
    private final Set<Language> languages;
    private final Launcher launcher;
    private final WorkerPool pool;
    private final ControlGroups groups;

    private Engine(
            WorkFolder folder, Set<Language> languages, Launcher launcher, WorkerPool pool, ControlGroups groups) {
        this.folder = folder;
        this.languages = languages;
        this.launcher = launcher;
        this.pool = pool;
        this.groups = groups;
    }

    /**
     * Where to find what. Empty for wherever it is usual.
     *
     * @param languages empty for all that this machine has interpreters for
     */
    record Settings(
            Optional<Set<Language>> languages,
            int warm,
            Optional<Path> bubblewrap,
            Optional<Path> python,
            Optional<Path> node) {}

    /**
     * Finds everything, tries whether it holds, and starts the first workers.
     *
     * @throws MissingException if there is not everything, or it does not hold; nothing is left then
     */
    static Engine start(Settings settings) throws MissingException, InterruptedException {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("os.arch").equals("amd64")) {
            throw new MissingException("this sandbox is for Linux on 64-bit x86 only");
        }
        WorkFolder work;
        try {
            work = WorkFolder.make();
        } catch (IOException e) {
            throw new MissingException("no folder can be made for temporary files", e);
        }
        Path folder = work.path();
        Launcher launcher = null;
        Engine engine = null;
        ControlGroups groups = ControlGroups.find();
        try {
            Programs programs = new Programs(folder, Bubblewrap.isRoot());
            Map<Language, Guest> guests = guests(settings, programs);
            Path bwrap = settings.bubblewrap().isPresent()
                    ? programs.checked(settings.bubblewrap().get())
                    : programs.find("bwrap");
            Bubblewrap bubblewrap = Bubblewrap.of(programs, bwrap, guests, folder);
            launcher = new Launcher(bubblewrap, programs.find("mkfifo"), folder, groups);
            for (Language language : guests.keySet()) {
                measure(language, bubblewrap, launcher);
                new SelfTest(launcher, folder).check(language);
            }
            WorkerPool pool = new WorkerPool(launcher, settings.warm());
            guests.keySet().forEach(language -> pool.prepare(Shape.once(language, Limits.defaults())));
            engine = new Engine(work, Set.copyOf(guests.keySet()), launcher, pool, groups);
            return engine;
        } catch (IOException e) {
            throw new MissingException("no worker can be started: " + e.getMessage(), e);
        } finally {
            if (engine == null) {
                discard(launcher, work);
                groups.close();
            }
        }
    }

    private static void discard(@Nullable Launcher launcher, WorkFolder folder) {
        if (launcher != null) {
            launcher.close();
        }
        folder.close();
    }

    private static Map<Language, Guest> guests(Settings settings, Programs programs)
            throws MissingException, InterruptedException {
        Map<Language, Guest> guests = new EnumMap<>(Language.class);
        Optional<Path> python = wanted(settings, Language.PYTHON, settings.python(), programs, "python3", "python");
        if (python.isPresent()) {
            guests.put(Language.PYTHON, Guest.python(programs, python.get()));
        }
        Optional<Path> node = wanted(settings, Language.JAVASCRIPT, settings.node(), programs, "node", "nodejs");
        if (node.isPresent()) {
            guests.put(Language.JAVASCRIPT, Guest.javaScript(programs, node.get()));
        }
        if (settings.languages().map(it -> it.contains(Language.SHELL)).orElse(true)) {
            guests.put(Language.SHELL, Guest.shell(programs, guests.values()));
        }
        return guests;
    }

    private static Optional<Path> wanted(
            Settings settings, Language language, Optional<Path> set, Programs programs, String... names)
            throws MissingException {
        boolean mayBeMissing = settings.languages().isEmpty() && set.isEmpty();
        if (!settings.languages().map(it -> it.contains(language)).orElse(true)) {
            return Optional.empty();
        }
        try {
            return Optional.of(set.isPresent() ? programs.checked(set.get()) : programs.find(names));
        } catch (MissingException e) {
            if (mayBeMissing) {
                LOGGER.atInfo()
                        .addKeyValue("language", language.word())
                        .addKeyValue("reason", e.getMessage())
                        .log("the process sandbox does without a language");
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Starts one interpreter for what it takes itself. */
    private static void measure(Language language, Bubblewrap bubblewrap, Launcher launcher)
            throws IOException, InterruptedException {
        try (Worker worker = launcher.start(Shape.once(language, Limits.defaults()))) {
            String status = ProcessTree.read(worker.tree().interpreter(), "status");
            String limited = language == Language.PYTHON ? "VmSize:" : "VmData:";
            long bytes = 1024 * ProcessTree.kibibytes(status, limited) + MORE_BYTES.getOrDefault(language, 0L);
            bubblewrap.takes(language, new Bubblewrap.Own(bytes, (int) ProcessTree.kibibytes(status, "Threads:")));
        }
    }

    Set<Language> languages() {
        return languages;
    }

    /** Returns a worker for one execution. */
    Worker take(Shape shape) throws IOException, InterruptedException {
        return pool.take(shape);
    }

    /** Starts a worker for a session. */
    Worker start(Shape shape) throws IOException, InterruptedException {
        return launcher.start(shape);
    }

    ControlGroups groups() {
        return groups;
    }

    WorkerPool pool() {
        return pool;
    }

    /** Ends what waits. Workers that somebody has taken are his to end, before. */
    @Override
    public void close() {
        pool.close();
        launcher.close();
        folder.close();
    }
}
