package io.sallyport.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a test that shows that something that goes wrong elsewhere does not go wrong here; docs/runbook.md has each. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
@Repeatable(Incident.All.class)
public @interface Incident {

    /** Returns the incident's number, such as {@code S24}. */
    String value();

    /** Several incidents of one test. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.METHOD, ElementType.TYPE})
    @interface All {
        /** Returns them. */
        Incident[] value();
    }
}
