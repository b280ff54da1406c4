package io.sallyport.sandbox.remote;

import static java.util.Objects.requireNonNull;

import io.sallyport.sandbox.Language;
import java.time.Duration;
import java.util.Map;

/** What is set for a {@link MicrosandboxSandbox}, checked; see its builder for what each is. */
record MicrosandboxSettings(
        String namespace,
        Map<Language, String> images,
        int cpus,
        long baseMemoryBytes,
        int concurrency,
        Duration patience,
        Duration requestTimeout,
        Duration startTimeout,
        Duration executionTimeout) {

    String image(Language language) {
        return requireNonNull(images.get(language), "image");
    }

    /** Returns how long code may take. */
    Duration wallTime(Duration wished) {
        return wished.compareTo(executionTimeout) < 0 ? wished : executionTimeout;
    }
}
