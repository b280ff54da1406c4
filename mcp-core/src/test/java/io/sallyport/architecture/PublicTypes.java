package io.sallyport.architecture;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The list of a module's exported types, kept beside its tests: a type becomes a promise, or stops being one, only in a
 * change that says so.
 */
final class PublicTypes {

    private static final String SETTING = "sallyport.publicTypes";

    private final Path module;
    private final Path list;

    private PublicTypes(Path module) {
        this.module = module;
        this.list = module.resolve("src/test/resources/public-types.txt");
    }

    static PublicTypes of(Path module) {
        return new PublicTypes(module);
    }

    /** Compares the list with {@code exported}, or writes it anew where the build was told to. */
    void check(SortedSet<String> exported) {
        try {
            if ("update".equals(System.getProperty(SETTING))) {
                Files.createDirectories(list.getParent());
                Files.write(list, exported);
                return;
            }
            SortedSet<String> listed = new TreeSet<>(Files.exists(list) ? Files.readAllLines(list) : List.of());
            SortedSet<String> added = without(exported, listed);
            SortedSet<String> removed = without(listed, exported);
            if (!added.isEmpty() || !removed.isEmpty()) {
                fail("""
                        The exported types of %1$s differ from src/test/resources/public-types.txt.
                        New (a promise from now on; could it be package-private?): %2$s
                        Gone (breaks whoever uses it): %3$s
                        If that is meant, write the list anew and commit it:
                          ./mvnw test -pl %1$s -am -Dtest=ArchitectureTest -D%4$s=update""", module.getFileName(), lines(added), lines(removed), SETTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SortedSet<String> without(SortedSet<String> from, SortedSet<String> others) {
        SortedSet<String> rest = new TreeSet<>(from);
        rest.removeAll(others);
        return rest;
    }

    private static String lines(SortedSet<String> types) {
        return types.isEmpty() ? "none" : "\n  " + String.join("\n  ", types);
    }
}
