package io.sallyport.resilience.ratelimit;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Shared stores count by their own clock: nothing of them looks at that of the node, nor lets Bucket4j do so. */
class StoreTimeTest {

    private static final JavaClasses SHARED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(
                    "io.sallyport.resilience.ratelimit.internal",
                    "io.sallyport.resilience.ratelimit.jdbc",
                    "io.sallyport.resilience.ratelimit.redis");

    @Test
    void nobodyLooksAtTheWall() {
        noClasses()
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .accessField(TimeMeter.class, "SYSTEM_MILLISECONDS")
                .check(SHARED);
    }

    @Test
    void noDelaysGoByTheWall() {
        noClasses()
                .should()
                .accessTargetWhere(
                        target(owner(type(Optimizations.class))).and(target(nameMatching("delaying|predicting"))))
                .check(SHARED);
    }
}
