package io.sallyport.architecture;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;

/** The arrows: a feature may use itself and what core exports, core only itself. */
final class ReachOnly extends ArchCondition<JavaClass> {

    private static final String OURS = "io.sallyport.";
    private static final String CORE = "core";
    private static final Set<String> FEATURES = Set.of("session", "sandbox", "security", "resilience");

    private ReachOnly() {
        super("reach only their own module and the exported packages of core");
    }

    static ReachOnly ownModuleAndExportedCore() {
        return new ReachOnly();
    }

    @Override
    public void check(JavaClass type, ConditionEvents events) {
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass().getBaseComponentType();
            if (target.getPackageName().startsWith(OURS) && !allowed(type, target)) {
                events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
            }
        }
    }

    private static boolean allowed(JavaClass origin, JavaClass target) {
        String module = moduleOf(target);
        return module.equals(moduleOf(origin)) || module.equals(CORE) && !ExportedTypes.isInternal(target);
    }

    private static String moduleOf(JavaClass type) {
        String first = type.getPackageName().substring(OURS.length()).split("\\.", 2)[0];
        return FEATURES.contains(first) ? first : CORE;
    }
}
