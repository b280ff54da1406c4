package io.sallyport.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * What holds for the code of every published module. Each module runs it from a subclass in its own tests, so that a
 * violation shows where it was made.
 */
@TestInstance(Lifecycle.PER_CLASS) // The import takes longer than all the rules.
public abstract class ArchitectureContract {

    private final int classesAtLeast;
    private final Path module;
    private final JavaClasses classes;

    /** @param classesAtLeast a number of classes that this module has outgrown: fewer means that we looked elsewhere */
    protected ArchitectureContract(int classesAtLeast) {
        this.classesAtLeast = classesAtLeast;
        this.module = moduleOf(getClass());
        this.classes = new ClassFileImporter().importPath(compiledClasses());
    }

    @Test
    void seesTheWholeModule() throws IOException {
        try (Stream<Path> files = Files.walk(compiledClasses())) {
            assertThat(classes).hasSizeGreaterThanOrEqualTo(classesAtLeast).hasSize((int)
                    files.filter(file -> file.toString().endsWith(".class")).count());
        }
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(classes.stream().map(JavaClass::getPackage).distinct())
                .allMatch(found -> found.isAnnotatedWith(NullMarked.class), "has a package-info.java with @NullMarked");
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().assignedFrom(new Packages()).should().beFreeOfCycles().check(classes);
    }

    @Test
    void reachesOnlyItsOwnModuleAndWhatCoreExports() {
        classes().should(ReachOnly.ownModuleAndExportedCore()).check(classes);
    }

    @Test
    void exportsNoTypesOfThirdParties() {
        classes()
                .that(ExportedTypes.ARE_EXPORTED)
                .should(ExportedTypes.useOnlyPromisedTypes())
                .allowEmptyShould(true) // A module that has nothing yet.
                .check(classes);
    }

    @Test
    void logsThroughSlf4jOnly() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.logging..")
                .check(classes);
    }

    @Test
    void leavesTheStandardStreamsToTheHost() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(classes);
    }

    @Test
    void exportsTheTypesThatAreListed() {
        TreeSet<String> exported = classes.stream()
                .filter(ExportedTypes.ARE_EXPORTED)
                .map(JavaClass::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        PublicTypes.of(module).check(exported);
    }

    private Path compiledClasses() {
        return module.resolve("target/classes");
    }

    /** Found from the tests' own classes, so that it does not matter where the tests were started. */
    private static Path moduleOf(Class<?> test) {
        try {
            Path testClasses = Path.of(
                    test.getProtectionDomain().getCodeSource().getLocation().toURI());
            return testClasses.getParent().getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One slice per package; an {@code internal} package and the one that it serves count as one. */
    private static final class Packages implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return SliceIdentifier.of(type.getPackageName().replace(".internal", ""));
        }

        @Override
        public String getDescription() {
            return "the packages";
        }
    }
}
