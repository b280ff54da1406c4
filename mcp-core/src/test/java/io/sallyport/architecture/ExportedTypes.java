package io.sallyport.architecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What a module promises to others: its public types outside {@code internal} packages, and what their signatures show. */
final class ExportedTypes {

    static final DescribedPredicate<JavaClass> ARE_EXPORTED =
            DescribedPredicate.describe("are exported", ExportedTypes::isExported);

    /** The JDK's own packages, as prefixes; {@code javax} alone would let third parties in. */
    private static final List<String> JDK =
            List.of("java.", "javax.crypto.", "javax.net.", "javax.security.", "javax.sql.");

    /** A package with this word in its name may show the types that it is named for. */
    private static final Map<String, List<String>> NAMED_FOR = Map.of(
            "servlet", List.of("jakarta.servlet."),
            // The SDK's own transports over HTTP are servlets, and its settings show their requests.
            "sdk", List.of("io.modelcontextprotocol.", "reactor.", "org.reactivestreams.", "jakarta.servlet."),
            "redis", List.of("io.lettuce."));

    private ExportedTypes() {}

    static ArchCondition<JavaClass> useOnlyPromisedTypes() {
        return new ArchCondition<>("show only types of the JDK, of ours, and those that their package is named for") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                supertypes(type).forEach(shown -> verify(type, type.getDescription(), shown, events));
                members(type)
                        .forEach(member -> signature(member)
                                .forEach(shown -> verify(type, member.getDescription(), shown, events)));
            }
        };
    }

    static boolean isInternal(JavaClass type) {
        return List.of(type.getPackageName().split("\\.")).contains("internal");
    }

    private static boolean isExported(JavaClass type) {
        return isVisible(type)
                && type.getEnclosingClass()
                        .map(ExportedTypes::isExported)
                        .orElse(!isInternal(type) && !type.getSimpleName().equals("package-info"));
    }

    private static boolean isVisible(JavaClass type) {
        return !type.isAnonymousClass()
                && !type.isLocalClass()
                && (type.getModifiers().contains(JavaModifier.PUBLIC)
                        || type.getModifiers().contains(JavaModifier.PROTECTED));
    }

    private static Stream<JavaType> supertypes(JavaClass type) {
        return Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
    }

    private static Stream<JavaMember> members(JavaClass type) {
        return type.getMembers().stream()
                .filter(member -> member.getModifiers().contains(JavaModifier.PUBLIC)
                        || member.getModifiers().contains(JavaModifier.PROTECTED))
                .filter(member -> !member.getModifiers().contains(JavaModifier.SYNTHETIC));
    }

    private static List<JavaType> signature(JavaMember member) {
        List<JavaType> shown = new ArrayList<>();
        if (member instanceof JavaField field) {
            shown.add(field.getType());
        }
        if (member instanceof JavaCodeUnit codeUnit) {
            shown.add(codeUnit.getReturnType());
            shown.addAll(codeUnit.getParameterTypes());
            shown.addAll(codeUnit.getExceptionTypes());
            codeUnit.getTypeParameters().forEach(parameter -> shown.addAll(parameter.getUpperBounds()));
        }
        return shown;
    }

    private static void verify(JavaClass owner, String where, JavaType shown, ConditionEvents events) {
        for (JavaClass raw : shown.getAllInvolvedRawTypes()) {
            JavaClass element = raw.getBaseComponentType();
            if (!isPromised(owner, element)) {
                events.add(SimpleConditionEvent.violated(owner, where + " shows " + element.getName()));
            }
        }
    }

    private static boolean isPromised(JavaClass owner, JavaClass shown) {
        String name = shown.getName();
        if (shown.isPrimitive() || JDK.stream().anyMatch(name::startsWith)) {
            return true;
        }
        if (name.startsWith("io.sallyport.")) {
            return !isInternal(shown);
        }
        return Stream.of(owner.getPackageName().split("\\."))
                .flatMap(word -> NAMED_FOR.getOrDefault(word, List.of()).stream())
                .anyMatch(name::startsWith);
    }
}
